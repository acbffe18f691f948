/**
 * What becomes of batches, as metrics: their size, wait and duration, each step's duration, and the
 * outcomes of their items, added up a batch at a time. process-batch.ts and process-barrier.ts tell
 * it.
 */
import { COUNTS, SECONDS, counter, histogram } from '#platform/telemetry.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';

const MS_PER_SECOND = 1_000;

const items = counter(
  'bank.command.items',
  'Items that were answered, by how they came (unary, submission) and what became of them ' +
    '(accepted, replayed, rejected, taken_over, expired, failed).',
  '{item}',
  ['kind', 'outcome'],
);
const rejections = counter(
  'bank.command.rejections',
  'Items that a rule refused, by its reason.',
  '{item}',
  ['reason'],
);
const batchItems = histogram(
  'bank.command.batch.items',
  'Items of a batch as it was cut.',
  '{item}',
  COUNTS,
);
const queueWait = histogram(
  'bank.command.batch.queue_wait',
  'How long the oldest item of a batch waited for the batch to start.',
  's',
  SECONDS,
);
const batchDuration = histogram(
  'bank.command.batch.duration',
  'A batch from its start to its answers, by the way that it went: fast (locks, one message), ' +
    'slow (under the head), barrier (several partitions), deferred, failed.',
  's',
  SECONDS,
  ['path'],
);
const stepDuration = histogram(
  'bank.command.batch.step.duration',
  'A step of a batch: lock, load, decide, append (under the head with load and decide in it).',
  's',
  SECONDS,
  ['step'],
);

export type BatchPath = 'fast' | 'slow' | 'barrier' | 'deferred' | 'failed';
/** An atomic batch is rejected as a whole. */
export type Unstored = 'taken_over' | 'expired' | 'failed' | 'rejected';

export function noteStart(count: number, queuedSinceMs: number, traceparent: string): void {
  batchItems.record(count, {}, traceparent);
  const waitedMs = Math.max(0, performance.now() - queuedSinceMs);
  queueWait.record(waitedMs / MS_PER_SECOND, {}, traceparent);
}

export function noteStep(step: string, startedMs: number, traceparent: string): void {
  stepDuration.record((performance.now() - startedMs) / MS_PER_SECOND, { step }, traceparent);
}

export function noteEnd(path: BatchPath, startedMs: number, traceparent: string): void {
  batchDuration.record((performance.now() - startedMs) / MS_PER_SECOND, { path }, traceparent);
}

/** One decision an item. Answers how many were refused. */
export function noteDecisions(
  of: readonly BatchItem[],
  decisions: readonly ItemDecision[],
): number {
  const counts = { unary: newCounts(), submission: newCounts() };
  const reasons = new Map<string, number>();
  for (let at = 0; at < decisions.length; at++) {
    const decision = decisions[at];
    const item = of[at];
    if (decision === undefined || item === undefined) continue;
    counts[item.origin.kind][decision.kind] += 1;
    if (decision.kind !== 'rejected') continue;
    const { reason } = decision.rejection;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  for (const kind of ['unary', 'submission'] as const) {
    for (const outcome of ['accepted', 'replayed', 'rejected'] as const) {
      const count = counts[kind][outcome];
      if (count > 0) items.add(count, { kind, outcome });
    }
  }
  for (const [reason, count] of reasons) rejections.add(count, { reason });
  return counts.unary.rejected + counts.submission.rejected;
}

function newCounts(): Record<ItemDecision['kind'], number> {
  return { accepted: 0, replayed: 0, rejected: 0 };
}

/** Nothing was stored for them. */
export function noteUnstored(of: readonly BatchItem[], outcome: Unstored): void {
  if (of.length === 0) return;
  const unary = of.filter(({ origin }) => origin.kind === 'unary').length;
  if (unary > 0) items.add(unary, { kind: 'unary', outcome });
  if (unary < of.length) items.add(of.length - unary, { kind: 'submission', outcome });
}
