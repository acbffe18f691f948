/**
 * Barriers that wait for their lanes, in the order in which they came. A barrier heads a lane when
 * no unary command waits there that came before it; one of bulk items (a direct batch's, or
 * streams') only when the items of its kind before it have gone too, and no earlier barrier of its
 * kind stands there. A barrier that heads all its lanes reserves them: no other batch starts there
 * until it has run. Of two such barriers with a lane in common the earlier one goes first, in every
 * lane: no two can wait for each other.
 *
 * One of bulk items that finds no processor lets single commands by, which need none. But each
 * processor may come free while one of its lanes is busy: so past its patience it keeps them from
 * then on.
 *
 * Items of several partitions make a run: while it waits, the next ones join it, as far as that
 * lets none pass another in a lane.
 */
import { partitionsOf, runOf, type Barrier } from './barrier.ts';
import { queueKindOf, type BatchItem } from './batch-item.ts';
import { hasProcessor, type BatcherLimits, type Moment } from './batch-start.ts';
import { RUN_BYTES_MAX } from './bounds.ts';
import type { ItemQueue, Load } from './item-queue.ts';
import type { Lane } from './lane.ts';

export type ReadyBarrier = {
  readonly barrier: Barrier;
  readonly lanes: readonly Lane[];
  readonly queuedSinceMs: number;
};

/** What waits in one lane. */
type Standing = Load & {
  /** Its place among the items of its kind ever queued there. */
  readonly place: number;
};

type Waiting = {
  /** Undefined: a run, which more items may join. */
  readonly barrier: Barrier | undefined;
  readonly kind: Barrier['kind'];
  readonly items: BatchItem[];
  readonly standings: Map<Lane, Standing>;
  bytes: number;
  /** It was late when a processor came free: its lanes stay reserved, whoever takes that. */
  keepsLanes: boolean;
  readonly queuedSinceMs: number;
};

export class BarrierQueue {
  #waiting: Waiting[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** `lanes`: of the barrier's partitions. Bounded by whoever adds. */
  add(barrier: Barrier, lanes: readonly Lane[], nowMs: number): void {
    const waiting = newWaiting(barrier, barrier.kind, nowMs);
    this.#waiting.push(waiting);
    for (const lane of lanes) standIn(waiting, lane);
    const byPartition = new Map(lanes.map((lane) => [lane.partition, lane]));
    for (const item of barrier.items) addTo(waiting, item, lanesOf(item, byPartition));
  }

  /** `lanes`: of its partitions. It joins the last run of its kind, or begins one. */
  addItem(item: BatchItem, lanes: readonly Lane[], itemsMax: number, nowMs: number): void {
    const kind = queueKindOf(item);
    const last = this.#lastOf(kind);
    if (last !== undefined && mayJoin(last, item, lanes, itemsMax)) {
      for (const lane of lanes) standIn(last, lane);
      addTo(last, item, lanes);
      return;
    }
    const run = newWaiting(undefined, kind, nowMs);
    this.#waiting.push(run);
    for (const lane of lanes) standIn(run, lane);
    addTo(run, item, lanes);
  }

  /** For a bulk item of one lane: false when it must wait behind the run, if there is one. */
  joinsRun(item: BatchItem, lane: Lane, itemsMax: () => number): boolean {
    const last = this.#lastOf(queueKindOf(item));
    if (last === undefined || !last.standings.has(lane)) return false;
    if (!mayJoin(last, item, [lane], itemsMax())) return false;
    addTo(last, item, [lane]);
    return true;
  }

  /** Takes out the first barrier that can start; if none, marks the lanes that are reserved. */
  next(limits: BatcherLimits, moment: Moment): ReadyBarrier | undefined {
    const canBulk = hasProcessor(limits, moment);
    const lateMs = moment.nowMs - limits.partialPatienceMs;
    const behind = new Set<ItemQueue>();
    const reserved = new Set<Lane>();
    for (const waiting of this.#waiting) {
      const { kind } = waiting;
      const lanes = [...waiting.standings.keys()];
      if (headsItsLanes(waiting, behind)) {
        const mayStart = canBulk || kind === 'unary';
        if (mayStart && lanes.every((lane) => !lane.busy && !reserved.has(lane))) {
          return this.#takeOut(waiting, lanes);
        }
        waiting.keepsLanes ||= mayStart && waiting.queuedSinceMs <= lateMs;
        if (mayStart || waiting.keepsLanes) for (const lane of lanes) reserved.add(lane);
      }
      if (kind !== 'unary') for (const lane of lanes) behind.add(lane[kind]);
    }
    for (const { standings } of this.#waiting) {
      for (const lane of standings.keys()) lane.reserved = reserved.has(lane);
    }
    return undefined;
  }

  #lastOf(kind: Barrier['kind']): Waiting | undefined {
    return this.#waiting.findLast((waiting) => waiting.kind === kind);
  }

  #takeOut(waiting: Waiting, lanes: readonly Lane[]): ReadyBarrier {
    const { items, kind, queuedSinceMs } = waiting;
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    for (const [lane, standing] of waiting.standings) {
      addLoad(loadOf(waiting, lane), -standing.items, -standing.bytes);
      lane.reserved = false;
      if (kind !== 'unary') lane[kind].barrierAt = this.#firstPlace(lane, kind);
    }
    return { barrier: waiting.barrier ?? runOf(items, kind), lanes, queuedSinceMs };
  }

  /** How far the lane's items of that kind may go. */
  #firstPlace(lane: Lane, of: Barrier['kind']): number {
    for (const { kind, standings } of this.#waiting) {
      const standing = kind === of ? standings.get(lane) : undefined;
      if (standing !== undefined) return standing.place;
    }
    return Number.POSITIVE_INFINITY;
  }
}

function newWaiting(
  barrier: Barrier | undefined,
  kind: Barrier['kind'],
  queuedSinceMs: number,
): Waiting {
  const empty = { items: [], standings: new Map(), bytes: 0 };
  return { ...empty, barrier, kind, keepsLanes: false, queuedSinceMs };
}

function standIn({ standings, kind }: Waiting, lane: Lane): void {
  if (standings.has(lane)) return;
  const queue = lane[kind];
  standings.set(lane, { place: queue.end, items: 0, bytes: 0 });
  if (kind !== 'unary') queue.barrierAt = Math.min(queue.barrierAt, queue.end);
}

function addTo(waiting: Waiting, item: BatchItem, lanes: readonly Lane[]): void {
  waiting.items.push(item);
  waiting.bytes += item.bytes;
  for (const lane of lanes) {
    const standing = waiting.standings.get(lane);
    if (standing === undefined) throw new Error(`lane ${lane.partition} is none of the barrier's`);
    addLoad(standing, 1, item.bytes);
    addLoad(loadOf(waiting, lane), 1, item.bytes);
  }
}

/** What it counts as in its lane: a run of bulk items is a part of their queue. */
function loadOf({ barrier, kind }: Waiting, lane: Lane): Load {
  return barrier === undefined && kind !== 'unary' ? lane[kind].inRuns : lane.inBarriers;
}

function addLoad(load: Load, items: number, bytes: number): void {
  load.items += items;
  load.bytes += bytes;
}

function lanesOf(item: BatchItem, byPartition: ReadonlyMap<number, Lane>): Lane[] {
  return partitionsOf(item).flatMap((partition) => byPartition.get(partition) ?? []);
}

/** There is room, and no item of its kind has come behind the run in one of the item's lanes. */
function mayJoin(
  { barrier, kind, items, bytes, standings }: Waiting,
  item: BatchItem,
  lanes: readonly Lane[],
  itemsMax: number,
): boolean {
  if (barrier !== undefined) return false;
  if (items.length >= itemsMax || bytes + item.bytes > RUN_BYTES_MAX) return false;
  if (kind === 'unary') return true;
  return lanes.every((lane) => {
    const { end } = lane[kind];
    return (standings.get(lane)?.place ?? end) === end;
  });
}

/** `behind`: queues in which an earlier barrier stands. */
function headsItsLanes(
  { kind, standings, queuedSinceMs }: Waiting,
  behind: ReadonlySet<ItemQueue>,
): boolean {
  const isBulk = kind !== 'unary';
  for (const [lane, { place }] of standings) {
    const queue = lane[kind];
    if (isBulk && (behind.has(queue) || queue.taken < place)) return false;
    const { oldestMs } = lane.unary; // infinity for an empty queue
    if (oldestMs < queuedSinceMs || (isBulk && oldestMs === queuedSinceMs)) return false;
  }
  return true;
}
