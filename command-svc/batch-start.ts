/**
 * When a lane's next batch starts. Unary commands start as soon as their lane is free; bulk items
 * when a batch is full, at the timeout, or when the process has nothing in flight. A timeout is an
 * upper bound, never a wait for its own sake. Under load what is not full gives way: it starts when
 * few others of its kind are in flight, and takes along what has come meanwhile, which is cheaper
 * for all (group commit).
 */
import { bulkReady, isFull, type Lane, type LaneLimits } from './lane.ts';

export type BatcherLimits = LaneLimits & {
  /** Bulk items wait for company at most so long. */
  readonly batchTimeoutMs: number;
  /** Bulk batches in flight in this process. */
  readonly processors: number;
  /** A bulk batch that is not full starts only while fewer than so many are in flight. */
  readonly partialProcessors: number;
  /** Batches of unary commands alone in flight. */
  readonly unaryProcessors: number;
};

/** Batches in flight in this process. */
export type InFlight = { bulk: number; unary: number };

/** `stopping`: nothing more will come to wait for. */
export function isDue(
  lane: Lane,
  limits: BatcherLimits,
  inFlight: InFlight,
  nowMs: number,
  stopping: boolean,
): boolean {
  if (lane.reserved) return false;
  if (lane.unary.length > 0 && inFlight.unary < limits.unaryProcessors) return true;
  if (bulkReady(lane) === 0) return false;
  if (inFlight.bulk + inFlight.unary === 0) return true;
  if (inFlight.bulk >= limits.processors) return false;
  if (isFull(lane, limits) || stopping) return true;
  return takesPartial(limits, inFlight) && nowMs >= partialDueMs(lane, limits);
}

/** When the lane's bulk items have waited long enough; infinity when a time does not matter. */
export function wakeAtMs(lane: Lane, limits: BatcherLimits, inFlight: InFlight): number {
  const waits = takesPartial(limits, inFlight) && !lane.reserved && bulkReady(lane) > 0;
  return waits ? partialDueMs(lane, limits) : Number.POSITIVE_INFINITY;
}

function takesPartial({ processors, partialProcessors }: BatcherLimits, { bulk }: InFlight) {
  return bulk < Math.min(processors, partialProcessors);
}

function partialDueMs(lane: Lane, { batchTimeoutMs }: BatcherLimits): number {
  return lane.bulk.oldestMs + batchTimeoutMs;
}
