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
  for (const { unary, direct, bulk, inBarriers } of lanes) {
    sum.unaryItems += unary.length;
    sum.bulkItems += direct.length + bulk.length;
    sum.barrierItems += inBarriers.items;
    sum.bytes += inBarriers.bytes;
    for (const { bytes, inRuns, oldestMs: sinceMs } of [unary, direct, bulk]) {
      sum.barrierItems += inRuns.items;
      sum.bytes += bytes + inRuns.bytes;
      oldestMs = Math.min(oldestMs, sinceMs);
    }
  }
  return { ...sum, oldestMs: nowMs - oldestMs, inFlight: { ...inFlight } };
}
