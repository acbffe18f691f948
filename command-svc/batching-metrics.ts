/**
 * What the batcher and the appends are like, read at each look: queues, batches in flight, and the
 * counts that the append and the locks keep for themselves.
 */
import { observedCounter, observedGauge } from '#platform/telemetry.ts';
import type { LockCounts } from './account-locks.ts';
import type { BatchCounts } from './batch.ts';
import type { BatcherLoad } from './batcher-load.ts';

const MS_PER_SECOND = 1_000;

const queued = observedGauge(
  'bank.command.queue.items',
  'Items that wait in the lanes, by how they came (unary, submission), and those of several ' +
    'partitions, counted in each (barrier).',
  '{item}',
  ['kind'],
);
const queuedBytes = observedGauge(
  'bank.command.queue.size',
  'Upper bound of what the waiting items take in their packed rows.',
  'By',
);
const oldest = observedGauge(
  'bank.command.queue.age',
  'How long the oldest item of the lanes waits.',
  's',
);
const inFlight = observedGauge(
  'bank.command.batches.in_flight',
  'Batches in flight, with bulk items (bulk) or without (unary).',
  '{batch}',
  ['kind'],
);
const appends = observedCounter(
  'bank.command.appends',
  'What became of tries to append: fast, slow (under the head), and what sent them there: ' +
    'head_moved, claim_gone, collisions, conflicts, unexpected (a warning says what), ' +
    'answers_lost (of which answers_found stood).',
  '{append}',
  ['outcome'],
);
const locks = observedCounter(
  'bank.command.locks',
  'Acquires of the locks in Redis, a batch and partition each: acquired, refused (held ' +
    'elsewhere), unavailable (no Redis), expired; of those acquired: expired before the release, ' +
    'unreleased (no Redis then).',
  '{lock}',
  ['outcome'],
);
const deferrals = observedCounter(
  'bank.command.lock.deferrals',
  'Items that were put off because their account was locked elsewhere.',
  '{item}',
);
const overdue = observedCounter(
  'bank.command.lock.overdue',
  'Batches that went on without locks because an item had been put off too often.',
  '{batch}',
);
const uploads = observedGauge(
  'bank.command.uploads',
  'Uploads that are under way: streams and direct batches.',
  '{upload}',
);

export type Batching = {
  readonly counts: BatchCounts;
  readonly locks: LockCounts;
  readonly load: () => BatcherLoad;
};

export function watchBatching({ counts, locks: lockCounts, load }: Batching): void {
  queued.watch(() => {
    const { unaryItems, bulkItems, barrierItems } = load();
    return [
      [unaryItems, { kind: 'unary' }],
      [bulkItems, { kind: 'submission' }],
      [barrierItems, { kind: 'barrier' }],
    ];
  });
  queuedBytes.watch(() => [[load().bytes]]);
  oldest.watch(() => [[load().oldestMs / MS_PER_SECOND]]);
  inFlight.watch(() => [
    [load().inFlight.bulk, { kind: 'bulk' }],
    [load().inFlight.unary, { kind: 'unary' }],
  ]);
  appends.watch(() => [
    [counts.fastAppends, { outcome: 'fast' }],
    [counts.slowAppends, { outcome: 'slow' }],
    [counts.headMoved, { outcome: 'head_moved' }],
    [counts.claimGone, { outcome: 'claim_gone' }],
    [counts.collisions, { outcome: 'collisions' }],
    [counts.conflicts, { outcome: 'conflicts' }],
    [counts.unexpected, { outcome: 'unexpected' }],
    [counts.answersLost, { outcome: 'answers_lost' }],
    [counts.answersFound, { outcome: 'answers_found' }],
  ]);
  locks.watch(() => [
    [lockCounts.acquired, { outcome: 'acquired' }],
    [lockCounts.refused, { outcome: 'refused' }],
    [lockCounts.unavailable, { outcome: 'unavailable' }],
    [lockCounts.expired, { outcome: 'expired' }],
    [lockCounts.unreleased, { outcome: 'unreleased' }],
  ]);
  deferrals.watch(() => [[lockCounts.deferred]]);
  overdue.watch(() => [[lockCounts.overdue]]);
}

export function watchUploads(taken: () => number): void {
  uploads.watch(() => [[taken()]]);
}
