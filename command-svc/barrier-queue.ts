/**
 * Barriers that wait for their lanes, in the order in which they came. A bulk barrier heads a lane
 * when the bulk items before it have gone, no earlier bulk barrier stands there, and no unary
 * command waits there that came before it; a unary one heads its lanes at once. A barrier that
 * heads all its lanes reserves them: no other batch starts there until it has run. Of two such
 * barriers with a lane in common the earlier one goes first, in every lane: no two can wait for
 * each other.
 */
import type { Barrier } from './barrier.ts';
import type { Lane } from './lane.ts';

export type ReadyBarrier = {
  readonly barrier: Barrier;
  readonly lanes: readonly Lane[];
  readonly queuedSinceMs: number;
};

type Waiting = ReadyBarrier & {
  /** For each lane, its place among the bulk items ever queued there. */
  readonly places: readonly number[];
  /** For each lane, how many of its items count there. */
  readonly counts: readonly number[];
};

export class BarrierQueue {
  #waiting: Waiting[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** `lanes`: of the barrier's partitions. Bounded by whoever adds. */
  add(barrier: Barrier, lanes: readonly Lane[], nowMs: number): void {
    const places = lanes.map(({ bulk }) => bulk.taken + bulk.length);
    const counts = lanes.map(
      ({ partition }) => barrier.items.filter((item) => item.partition === partition).length,
    );
    this.#waiting.push({ barrier, lanes, places, counts, queuedSinceMs: nowMs });
    for (const [n, lane] of lanes.entries()) lane.barrierItems += counts[n] ?? 0;
    this.#mark(lanes);
  }

  /** Takes out the first barrier that can start; if none, marks the lanes that are reserved. */
  next(canBulk: boolean): ReadyBarrier | undefined {
    const behind = new Set<Lane>();
    const reserved = new Set<Lane>();
    for (const waiting of this.#waiting) {
      const { barrier, lanes } = waiting;
      if (headsItsLanes(waiting, behind)) {
        const mayStart = canBulk || barrier.kind === 'unary';
        if (mayStart && lanes.every((lane) => !lane.busy && !reserved.has(lane))) {
          this.#takeOut(waiting);
          return waiting;
        }
        for (const lane of lanes) reserved.add(lane);
      }
      if (barrier.kind === 'bulk') for (const lane of lanes) behind.add(lane);
    }
    for (const { lanes } of this.#waiting) {
      for (const lane of lanes) lane.reserved = reserved.has(lane);
    }
    return undefined;
  }

  #takeOut(waiting: Waiting): void {
    const { lanes, counts } = waiting;
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    for (const [n, lane] of lanes.entries()) {
      lane.barrierItems -= counts[n] ?? 0;
      lane.reserved = false;
    }
    this.#mark(lanes);
  }

  /** Tells each lane how far its bulk items may go. */
  #mark(lanes: readonly Lane[]): void {
    for (const lane of lanes) lane.barrierAt = Number.POSITIVE_INFINITY;
    for (const { barrier, lanes: others, places } of this.#waiting) {
      if (barrier.kind !== 'bulk') continue;
      for (const [n, lane] of others.entries()) {
        lane.barrierAt = Math.min(lane.barrierAt, places[n] ?? Number.POSITIVE_INFINITY);
      }
    }
  }
}

/** `behind`: lanes in which an earlier bulk barrier stands. */
function headsItsLanes(waiting: Waiting, behind: ReadonlySet<Lane>): boolean {
  const { barrier, lanes, places, queuedSinceMs } = waiting;
  if (barrier.kind === 'unary') return true;
  return lanes.every(
    (lane, n) =>
      !behind.has(lane) &&
      lane.bulk.taken >= (places[n] ?? 0) &&
      lane.unary.oldestMs > queuedSinceMs, // infinity for an empty queue
  );
}
