/**
 * RetryDeadLetters: applies dead letters again, one, all of a cause, or all, in the order of the
 * log. A replica runs one retry at a time; two replicas may run the same, and each record is
 * applied once. A call that is cancelled has done a part, which stays.
 */
import { status } from '@grpc/grpc-js';
import type { Caller } from '#platform/caller.ts';
import { invalidArgument, refusal } from '#platform/grpc-errors.ts';
import type {
  RetryDeadLettersRequest,
  RetryDeadLettersResponse,
} from '#proto/bank/v1/projector_service.ts';
import { DEAD_LETTERS, RETRY } from './config.ts';
import { causeOf, letterIdOf } from './dead-letter-fields.ts';
import { letterReach, type LetterReach } from './letter-reach.ts';
import { shownLetter, withoutRecord } from './list-dead-letters.ts';
import { isPassing, retryLetter } from './retry-letter.ts';
import type { LetterContext } from './retry-letter.ts';
import { BEFORE_ALL, findLetter, lettersToRetry } from './sql/letters-to-retry.ts';
import type { LetterToRetry } from './sql/letters-to-retry.ts';
import { readDeadLetters } from './sql/list-dead-letters.ts';

type Retry = (
  request: RetryDeadLettersRequest,
  call: { readonly signal: AbortSignal; readonly caller: Caller },
) => Promise<RetryDeadLettersResponse>;

export function retryDeadLetters(ctx: LetterContext): Retry {
  let isRunning = false;
  return async ({ selection }, { signal, caller }) => {
    const reach = letterReach(caller);
    const letters = selected(ctx, selection, reach);
    if (isRunning) throw busy();
    isRunning = true;
    try {
      return await retryAll(ctx, letters, reach, signal);
    } catch (error) {
      const refused = unavailable(error);
      if (refused !== undefined) throw refused;
      throw error;
    } finally {
      isRunning = false;
    }
  };
}

/** Throws what is wrong with the request before the first is asked for. */
function selected(
  { reading }: LetterContext,
  selection: RetryDeadLettersRequest['selection'],
  reach: LetterReach,
): () => AsyncGenerator<LetterToRetry> {
  if (selection?.$case === 'deadLetterId') {
    const id = letterIdOf(selection.value);
    return async function* () {
      const letter = await findLetter(reading, id, reach);
      if (letter === undefined) throw notFound(id);
      yield letter;
    };
  }
  if (selection?.$case === 'cause') {
    const cause = causeOf(selection.value);
    return () => inOrder(reading, cause, reach);
  }
  if (selection?.$case === 'all' && selection.value)
    return () => inOrder(reading, undefined, reach);
  const description = 'is required: dead_letter_id, cause, or all set to true';
  throw invalidArgument([{ field: 'selection', description }]);
}

async function* inOrder(
  reading: LetterContext['reading'],
  cause: string | undefined,
  reach: LetterReach,
): AsyncGenerator<LetterToRetry> {
  let behind = BEFORE_ALL;
  for (;;) {
    const letters = await lettersToRetry(reading, cause, behind, RETRY.lettersMax, reach);
    yield* letters;
    const last = letters.at(-1);
    if (last === undefined) return;
    behind = last;
  }
}

async function retryAll(
  ctx: LetterContext,
  letters: () => AsyncGenerator<LetterToRetry>,
  reach: LetterReach,
  signal: AbortSignal,
): Promise<RetryDeadLettersResponse> {
  let applied = 0n;
  const failed = new Set<string>();
  for await (const letter of letters()) {
    if (failed.has(letter.deadLetterId)) continue; // an earlier one has met it just now
    const result = await retryLetter(ctx, letter, signal);
    if (result.isApplied) applied += 1n;
    for (const id of result.failed) failed.add(id);
  }
  const { failedNamedMax, accountsNamedMax } = DEAD_LETTERS;
  const named = [...failed].slice(0, failedNamedMax);
  const rows = await readDeadLetters(ctx.reading, named, accountsNamedMax, reach);
  const { tenant } = reach;
  const firstFailed = rows.map((row) => {
    const { headers } = tenant === null ? shownLetter(row) : withoutRecord(row);
    return { ...withoutRecord(row), headers };
  });
  return { applied, failed: BigInt(failed.size), firstFailed };
}

function notFound(id: string): Error {
  const message = `there is no dead letter ${id}: it was applied, or never kept`;
  return refusal(status.NOT_FOUND, 'DEAD_LETTER_NOT_FOUND', message);
}

function busy(): Error {
  const message = 'this replica retries dead letters already';
  const { retryAfterMs } = RETRY;
  return refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, { retryAfterMs });
}

/** After the bounded tries of each step. */
function unavailable(cause: unknown): Error | undefined {
  if (!isPassing(cause)) return undefined;
  const message = 'a store cannot be reached, or another replica retries the same; try again';
  const { retryAfterMs } = RETRY;
  return refusal(status.UNAVAILABLE, 'PROJECTION_UNAVAILABLE', message, { retryAfterMs, cause });
}
