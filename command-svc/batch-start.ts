/**
 * When a lane's next batch starts. Unary commands start as soon as their lane is free; bulk items
 * when a batch is full, at the timeout, or when the process has nothing in flight. A timeout is an
 * upper bound, never a wait for its own sake. Under load what is not full gives way: while some
 * others of its kind are in flight it waits on and takes along what comes meanwhile, which is
 * cheaper for all (group commit). That too has an end: past its patience it waits for no company.
 */
import { bulkSinceMs, isFull, unaryIsNear, type Lane, type LaneLimits } from './lane.ts';

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

export type Moment = {
  readonly inFlight: InFlight;
  /** Batches of unary commands that were in flight before: those of one moment start together. */
  readonly unaryBefore: number;
  readonly nowMs: number;
  /** When a unary command came last, whatever its lane. */
  readonly lastUnaryMs: number;
  /** Nothing more will come to wait for. */
  readonly stopping: boolean;
};

export function isDue(lane: Lane, limits: BatcherLimits, moment: Moment): boolean {
  if (lane.reserved) return false;
  const { inFlight, nowMs, stopping } = moment;
  if (nowMs >= unaryDueMs(lane, limits, moment)) return true;
  if (bulkSinceMs(lane) === Number.POSITIVE_INFINITY) return false;
  if (inFlight.bulk + inFlight.unary === 0) return true;
  if (!hasProcessor(limits, moment)) return false;
  return isFull(lane, limits) || stopping || nowMs >= partialDueMs(lane, limits, moment);
}

/** When it is due by time alone; infinity when a time does not matter. */
export function wakeAtMs(lane: Lane, limits: BatcherLimits, moment: Moment): number {
  if (lane.reserved) return Number.POSITIVE_INFINITY;
  const unaryMs = unaryDueMs(lane, limits, moment);
  return Math.min(unaryMs, partialDueMs(lane, limits, moment));
}

/**
 * A few batches in flight keep the event store busy; more of them only make each slower, and a
 * unary command that comes to a lane waits for the one in flight there. So while such commands come
 * there are few.
 */
export function hasProcessor(limits: BatcherLimits, moment: Moment): boolean {
  const { processors, partialProcessors } = limits;
  const isFew = unaryIsNear(limits, moment);
  return moment.inFlight.bulk < (isFew ? Math.min(processors, partialProcessors) : processors);
}

/** While unary commands come, a run of bulk items is short: it takes many lanes from them. */
export function runItemsMax(limits: BatcherLimits, moment: Moment): number {
  const { batchItemsMax, nearUnaryItemsMax } = limits;
  return unaryIsNear(limits, moment) ? Math.min(batchItemsMax, nearUnaryItemsMax) : batchItemsMax;
}

function unaryDueMs({ unary }: Lane, limits: BatcherLimits, { unaryBefore }: Moment): number {
  const patienceMs = unaryBefore < limits.unaryProcessors ? 0 : limits.unaryPatienceMs;
  return unary.oldestMs + patienceMs; // infinity for an empty queue
}

function partialDueMs(lane: Lane, limits: BatcherLimits, moment: Moment): number {
  if (!hasProcessor(limits, moment)) return Number.POSITIVE_INFINITY;
  const { batchTimeoutMs, partialProcessors, partialPatienceMs } = limits;
  const waitMs = moment.inFlight.bulk < partialProcessors ? batchTimeoutMs : partialPatienceMs;
  return bulkSinceMs(lane) + Math.max(waitMs, batchTimeoutMs); // infinity for none
}
