/**
 * Follows a submission's acknowledgements to their end, whatever happens to the streams, and at
 * each message looks straight into the projection: what is acknowledged must be there to be read.
 */
import { followAcknowledgements } from '#client/acknowledgements.ts';
import type { BankClient } from '#client/bank-client.ts';
import { sleep } from '#platform/waiting.ts';
import type { Stores } from '#test/support/stored-rows.ts';
import type { SentSubmission } from '../history/history.ts';
import { inVain, type LoadContext } from './load.ts';

export const STREAM_RETRY = {
  attempts: 400,
  attemptsTotal: 2_000,
  firstMs: 50,
  maxMs: 500,
} as const;
const LOOKS_MAX = 12;
const LOOK_PAUSE_MS = 250;

export async function follow(
  context: Pick<LoadContext, 'mesh' | 'record'>,
  { projector }: Pick<BankClient, 'projector'>,
  submission: SentSubmission,
  signal: AbortSignal,
): Promise<void> {
  const { submissionId } = submission;
  const onBreak = (): void => inVain(context.record, 'acknowledgements cut');
  const request = { submissionId, includeItemIndexes: true, retry: STREAM_RETRY, signal, onBreak };
  for await (const message of followAcknowledgements(projector, request)) {
    const { acknowledgement, progress } = message;
    if (acknowledgement !== undefined) {
      const receivedMs = performance.now();
      const indexes = acknowledgement.itemIndexes.map(Number);
      const invisible = await lookFor(context.mesh.stores, submission, indexes);
      if (invisible === undefined) inVain(context.record, 'look at what was acknowledged');
      submission.acks.push({ indexes, receivedMs, invisible });
    }
    if (progress?.complete === true) {
      const { projectedTotal: projected, acceptedTotal: accepted = 0n } = progress;
      submission.complete = { projected, accepted };
    }
  }
}

/** The indexes whose entries are not there; undefined when the store does not answer. */
async function lookFor(
  { projectionStore }: Stores,
  { submissionId, items }: SentSubmission,
  indexes: readonly number[],
): Promise<number[] | undefined> {
  const accounts = items && [...new Set(indexes.map((index) => items[index]?.accountId))];
  for (let n = 0; n < LOOKS_MAX; n++) {
    try {
      // By account where the accounts are known: entries has no other index that helps.
      const { rows } = await projectionStore.query<{ item_index: bigint }>(
        `select item_index from entries
          where submission_id = $1 and item_index = any($2::bigint[])
            and ($3::uuid[] is null or account_id = any($3::uuid[]))`,
        [submissionId, indexes, accounts ?? null],
      );
      const found = new Set(rows.map((row) => Number(row.item_index)));
      return indexes.filter((index) => !found.has(index));
    } catch {
      await sleep(LOOK_PAUSE_MS); // the store is away, or was: the next look, or none, tells
    }
  }
  return undefined;
}
