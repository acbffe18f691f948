/**
 * Retries one dead letter, a few records at a time, until nobody waits for it any more or all who
 * still do have met an event that cannot be applied. Of a record that only Kafka brought broken
 * nothing is left to apply once the projection has passed its position.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { counter } from '#platform/telemetry.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { RETRY } from './config.ts';
import { MissingPosition, missingPosition } from './missing-position.ts';
import { EVERYONE } from './projected-notices.ts';
import type { Notice } from './projected-notices.ts';
import { verdictOf } from './projection-failures.ts';
import { retryRecords } from './retry-records.ts';
import type { RetriedRecords, RetryContext } from './retry-records.ts';
import type { LetterToRetry } from './sql/letters-to-retry.ts';
import { readLogRows } from './sql/read-log-row.ts';
import { readRetryPlan } from './sql/read-retry-plan.ts';
import { countRetries, dropPassed } from './sql/retried-letter.ts';

export type LetterContext = RetryContext & {
  readonly eventStore: pg.Pool;
  readonly log: Logger;
  readonly announce: (notice: Notice) => void;
};

export type RetriedLetter = {
  /** It is gone, and what waited for it was applied, up to the next fault of an account. */
  readonly isApplied: boolean;
  /** The letters that accounts wait for now, or itself. */
  readonly failed: readonly string[];
};

type Failed = {
  /** A letter at the same position is the same record once more, whatever its cause is now. */
  readonly letters: ReadonlyMap<string, bigint>;
  /** Why no more could be tried; undefined: each letter says why. */
  readonly why?: string;
};

const lettersRetried = counter(
  'bank.projector.retried_letters',
  'Dead letters retried.',
  '{letter}',
  ['outcome'],
);

export async function retryLetter(
  ctx: LetterContext,
  letter: LetterToRetry,
  signal: AbortSignal,
): Promise<RetriedLetter> {
  const { deadLetterId, partition, seq } = letter;
  const { letters, why } =
    letter.source === 'kafka'
      ? await retryFromKafka(ctx, letter)
      : await retryOfStore(ctx, letter, signal);
  const again = [...letters].filter(([, at]) => at === seq).map(([id]) => id);
  await countRetries(ctx.reading, again, why);
  const isApplied = again.length === 0;
  lettersRetried.add(1, { outcome: isApplied ? 'applied' : 'failed' });
  const result = { isApplied, failed: [...letters.keys()] };
  ctx.log.info('A dead letter was retried.', { deadLetterId, partition, seq, ...result, why });
  return result;
}

async function retryFromKafka(
  { reading }: LetterContext,
  { deadLetterId, seq }: LetterToRetry,
): Promise<Failed> {
  const isPassed = await dropPassed(reading, deadLetterId);
  return { letters: new Map(isPassed ? [] : [[deadLetterId, seq]]) };
}

/** What is to be read and is not there fails this letter alone: the next ones may have theirs. */
async function retryOfStore(
  ctx: LetterContext,
  letter: LetterToRetry,
  signal: AbortSignal,
): Promise<Failed> {
  const letters = new Map<string, bigint>();
  try {
    await retryToEnd(ctx, letter, letters, signal);
    return { letters };
  } catch (error) {
    if (!(error instanceof MissingPosition)) throw error;
    letters.set(letter.deadLetterId, letter.seq);
    return { letters, why: error.message };
  }
}

async function retryToEnd(
  ctx: LetterContext,
  letter: LetterToRetry,
  failed: Map<string, bigint>,
  signal: AbortSignal,
): Promise<void> {
  const waitOn: string[] = [];
  for (;;) {
    signal.throwIfAborted();
    const step = await retryWithBackoff({ ...TRIES, signal }, () => retrySome(ctx, letter, waitOn));
    for (const { letter: behind, accountIds } of step.parkings) {
      failed.set(behind.deadLetterId, behind.seq);
      waitOn.push(...accountIds);
    }
    ctx.announce({ submissions: EVERYONE, accounts: EVERYONE });
    const pause = pausePoint('retry.after-commit');
    if (pause !== undefined) await pause;
    if (!step.isDone) continue;
    if (!step.isGone) failed.set(letter.deadLetterId, letter.seq);
    return;
  }
}

const TRIES = {
  attempts: RETRY.attempts,
  firstMs: RETRY.firstMs,
  maxMs: RETRY.maxMs,
  retriable: isPassing,
};

/** A store was out of reach, or another replica was faster. */
export function isPassing(error: unknown): boolean {
  return ['read-head-again', 'try-later'].includes(verdictOf(error));
}

type Step = RetriedRecords & { readonly isDone: boolean };

async function retrySome(
  ctx: LetterContext,
  letter: LetterToRetry,
  waitOn: readonly string[],
): Promise<Step> {
  const { partition, seq } = letter;
  const plan = await readRetryPlan(ctx.reading, letter, waitOn, RETRY.recordsMax);
  const seqs = new Set(plan.waiting.keys());
  if (plan.isUnread) seqs.add(seq);
  const wanted = [...seqs].sort((a, b) => (a < b ? -1 : 1));
  const rows = await readLogRows(ctx.eventStore, partition, wanted, RETRY.bytesMax);
  const missing = wanted[rows.findIndex((row, n) => row.seq !== wanted[n])];
  if (missing !== undefined || (wanted.length > 0 && rows.length === 0)) {
    const at = missing ?? wanted[0] ?? 0n;
    throw await missingPosition(ctx.eventStore, partition, at, 'events that wait stand there');
  }
  const retried = await retryRecords(ctx, letter, plan, rows);
  return { ...retried, isDone: retried.isGone || plan.waiting.size === 0 };
}
