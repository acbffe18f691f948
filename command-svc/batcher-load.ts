/** How much waits in the lanes of a batcher, and what is in flight: for metrics, at each look. */
import type { InFlight } from './batch-start.ts';
import type { Lane } from './lane.ts';

export type BatcherLoad = {
  readonly unaryItems: number;
  readonly bulkItems: number;
  /** In barriers, and in runs of streams' items, counted in each of their lanes. */
  readonly barrierItems: number;
  readonly bytes: number;
  /** How long the oldest item waits; 0: nothing waits. */
  readonly oldestMs: number;
  readonly inFlight: Readonly<InFlight>;
};

export function loadOf(lanes: readonly Lane[], inFlight: InFlight, nowMs: number): BatcherLoad {
  let oldestMs = nowMs;
  const sum = { unaryItems: 0, bulkItems: 0, barrierItems: 0, bytes: 0 };
  for (const { unary, bulk, inBarriers, inRuns } of lanes) {
    sum.unaryItems += unary.length;
    sum.bulkItems += bulk.length;
    sum.barrierItems += inBarriers.items + inRuns.items;
    sum.bytes += unary.bytes + bulk.bytes + inBarriers.bytes + inRuns.bytes;
    oldestMs = Math.min(oldestMs, unary.oldestMs, bulk.oldestMs);
  }
  return { ...sum, oldestMs: nowMs - oldestMs, inFlight: { ...inFlight } };
}
