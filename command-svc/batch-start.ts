/**
 * When a lane's next batch starts. Unary commands start as soon as their lane is free; bulk items
 * when a batch is full, at the timeout, or when the process has nothing in flight. A timeout is an
 * upper bound, never a wait for its own sake. Under load what is not full gives way: while some
 * others of its kind are in flight it waits on and takes along what comes meanwhile, which is
 * cheaper for all (group commit). That too has an end: past its patience it waits for no company.
 */
import { bulkReady, isFull, type Lane, type LaneLimits } from './lane.ts';

export type BatcherLimits = LaneLimits & {
  /** Bulk items wait for company at most so long while few batches are in flight. */
  readonly batchTimeoutMs: number;
  /** Bulk batches in flight in this process. */
  readonly processors: number;
  /** Bulk batches in flight from which on one that is not full gives way. */
  readonly partialProcessors: number;
  /** Batches of unary commands alone in flight, from which on another one gives way. */
  readonly unaryProcessors: number;
  /** It gives way no longer than so. */
  readonly unaryPatienceMs: number;
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
  if (nowMs >= unaryDueMs(lane, limits, inFlight)) return true;
  if (bulkReady(lane) === 0) return false;
  if (inFlight.bulk + inFlight.unary === 0) return true;
  if (inFlight.bulk >= limits.processors) return false;
  return isFull(lane, limits) || stopping || nowMs >= partialDueMs(lane, limits, inFlight);
}

/** When it is due by time alone; infinity when a time does not matter. */
export function wakeAtMs(lane: Lane, limits: BatcherLimits, inFlight: InFlight): number {
  if (lane.reserved) return Number.POSITIVE_INFINITY;
  return Math.min(unaryDueMs(lane, limits, inFlight), partialDueMs(lane, limits, inFlight));
}

function unaryDueMs({ unary }: Lane, limits: BatcherLimits, inFlight: InFlight): number {
  const patienceMs = inFlight.unary < limits.unaryProcessors ? 0 : limits.unaryPatienceMs;
  return unary.oldestMs + patienceMs; // infinity for an empty queue
}

function partialDueMs(lane: Lane, limits: BatcherLimits, { bulk }: InFlight): number {
  if (bulk >= limits.processors || bulkReady(lane) === 0) return Number.POSITIVE_INFINITY;
  const { batchTimeoutMs, partialProcessors, partialPatienceMs } = limits;
  const waitMs = bulk < partialProcessors ? batchTimeoutMs : partialPatienceMs;
  return lane.bulk.oldestMs + Math.max(waitMs, batchTimeoutMs);
}
