/**
 * Step 1 of a batch, lock, when an account is held elsewhere: the items of the accounts that are
 * held are put off to the lane's next batch, and with them every later item that shares an account
 * with one of them, so that order holds in each account. The rest is locked once. An item that was
 * put off too often goes on without a lock, under the head, where nobody can be before it.
 */
import { partitionOfAccount } from '#platform/partitioning.ts';
import { sleep } from '#platform/waiting.ts';
import type { HeldLock, LockAttempt } from './account-locks.ts';
import { newBatch, type Batch, type BatchContext, type DeferralLimits } from './batch.ts';
import type { BatchItem } from './batch-item.ts';
import { BARRIER_LOCK_TRIES_MAX } from './bounds.ts';
import { accountsOf } from './wanted.ts';

export type LockedBatch = {
  /** What goes on now; undefined when all is put off. */
  readonly batch: Batch | undefined;
  /** Undefined: it goes on without locks. */
  readonly lock: HeldLock | undefined;
  readonly deferred: readonly BatchItem[];
};

/** Locks the batch's accounts, or those of its items that are not put off. */
export async function lockBatch(context: BatchContext, batch: Batch): Promise<LockedBatch> {
  const { locks } = context;
  const { partition } = batch.lane;
  const lock = await locks.acquire(partition, lockedIds(batch));
  if (lock === 'unavailable') return { batch, lock: undefined, deferred: NONE };
  if (lock !== 'held') return { batch, lock, deferred: NONE };
  const held = await locks.heldElsewhere(partition, lockedIds(batch));
  if (held === undefined) return { batch, lock: undefined, deferred: NONE };
  const { kept, deferred } = splitByHeld(batch.items, held);
  if (!mayDefer(context, deferred)) return { batch, lock: undefined, deferred: NONE };
  if (kept.length === 0) {
    await sleep(pauseMs(context.deferral));
    return { batch: undefined, lock: undefined, deferred };
  }
  const { batchId, lane, nowMicros, trace } = batch;
  const rest = newBatch(batchId, lane, kept, nowMicros, trace);
  const restLock = await locks.acquire(partition, lockedIds(rest));
  return { batch: rest, lock: typeof restLock === 'string' ? undefined : restLock, deferred };
}

/**
 * Locks the accounts of a barrier's batch, partition by partition, ascending; all of them or none.
 * Its lanes are its own meanwhile, so it is not put off. A single batch that holds one of them is
 * through after a pause. Another replica's barrier is waited for at the heads, which it takes in
 * the same order: there the wait ends when it does, and many pauses would only keep lanes idle.
 */
export async function lockLanes(
  context: BatchContext,
  batch: Batch,
): Promise<HeldLock | undefined> {
  const { deferral, locks } = context;
  for (let attempt = 0; attempt < BARRIER_LOCK_TRIES_MAX; attempt++) {
    if (attempt > 0) {
      locks.counts.deferred += batch.items.length;
      await sleep(pauseMs(deferral));
    }
    const lock = await lockOnce(context, batch);
    if (lock === 'unavailable') return undefined;
    if (lock !== 'held') return lock;
  }
  locks.counts.overdue += 1;
  return undefined;
}

/** One acquire a partition, side by side: none waits, so their order does not matter. */
async function lockOnce(
  { locks, partitionCount }: BatchContext,
  { lane, others, accountIds }: Batch,
): Promise<LockAttempt> {
  const byPartition = Map.groupBy(accountIds, (id) => partitionOfAccount(id, partitionCount));
  const attempts = await Promise.allSettled(
    [lane, ...others].map(({ partition }) =>
      locks.acquire(partition, byPartition.get(partition) ?? []),
    ),
  );
  const held: HeldLock[] = [];
  let missed: 'held' | 'unavailable' | undefined;
  let failed: PromiseRejectedResult | undefined;
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') failed ??= attempt;
    else if (typeof attempt.value === 'string') missed = attempt.value;
    else held.push(attempt.value);
  }
  const release = (): void => {
    for (const lock of held) lock.release();
  };
  if (failed === undefined && missed === undefined) return { release };
  release();
  if (failed !== undefined) throw failed.reason;
  return missed ?? 'held';
}

const NONE: readonly BatchItem[] = [];

/**
 * An account that is to be opened for a submission is decided on by nobody else: whoever opens it
 * at the same time collides with it by the primary key.
 */
function lockedIds({ accountIds, opening }: Batch): ReadonlySet<string> {
  if (opening.size === 0) return accountIds;
  return new Set([...accountIds].filter((id) => !opening.has(id)));
}

/** In the items' order; an item without an account is never put off. */
export function splitByHeld(
  items: readonly BatchItem[],
  held: ReadonlySet<string>,
): { kept: BatchItem[]; deferred: BatchItem[] } {
  const blocked = new Set(held);
  const kept: BatchItem[] = [];
  const deferred: BatchItem[] = [];
  for (const item of items) {
    const accounts = accountsOf(item);
    if (accounts.some((id) => blocked.has(id))) {
      for (const id of accounts) blocked.add(id);
      deferred.push(item);
    } else {
      kept.push(item);
    }
  }
  return { kept, deferred };
}

/** Counts the items as put off once more; false when one of them was put off too often. */
function mayDefer(context: BatchContext, deferred: readonly BatchItem[]): boolean {
  const { deferrals, deferral, locks } = context;
  const isOverdue = (item: BatchItem): boolean =>
    (deferrals.get(item) ?? 0) >= deferral.deferralsMax;
  if (deferred.some(isOverdue)) {
    locks.counts.overdue += 1;
    return false;
  }
  for (const item of deferred) deferrals.set(item, (deferrals.get(item) ?? 0) + 1);
  locks.counts.deferred += deferred.length;
  return true;
}

function pauseMs({ pauseMinMs, pauseMaxMs }: DeferralLimits): number {
  return pauseMinMs + Math.random() * (pauseMaxMs - pauseMinMs);
}
