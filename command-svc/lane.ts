/**
 * One partition's lane in the batcher: its two queues, and how a batch is cut from them. Unary
 * commands lead, and then few bulk items go along, though not for ever; alone they fill up to the
 * batch's size in items and in bytes of its packed row. They never pass a barrier that waits among
 * them.
 */
import type { BatchItem } from './batch-item.ts';
import { LanePace } from './lane-pace.ts';

export type LaneLimits = {
  readonly batchItemsMax: number;
  /** What a batch aims at for its packed row; one item more never passes the record's limit. */
  readonly batchBytesMax: number;
  /** Each queue of a lane; bytes as an upper bound of what its items take in the packed row. */
  readonly queueItemsMax: number;
  readonly queueBytesMax: number;
  /** What a single command may have to wait for its batch to start, whatever its deadline. */
  readonly queueMsMax: number;
  /** Bulk items in a batch that unary commands lead: so that they are not kept waiting. */
  readonly besideUnaryItemsMax: number;
  /** So many such batches in a row at most: the next takes more. */
  readonly shortBatchesMax: number;
  /** Bulk items in any batch while unary commands come: the next of them waits for it to end. */
  readonly nearUnaryItemsMax: number;
  /** Unary commands come: one has come in so many milliseconds. */
  readonly nearUnaryMs: number;
  /** Bulk items give way to other batches no longer than so; then they go in the next. */
  readonly partialPatienceMs: number;
};

export type Load = { items: number; bytes: number };

export type Lane = {
  readonly partition: number;
  readonly unary: ItemQueue;
  readonly bulk: ItemQueue;
  readonly pace: LanePace;
  busy: boolean;
  /** A barrier that heads all its lanes waits for them to be idle: no other batch starts here. */
  reserved: boolean;
  /** Where the first barrier stands among the bulk items ever queued; infinity for none. */
  barrierAt: number;
  /** What waits in barriers, and in runs of streams' items: it counts towards the queue's bound. */
  readonly inBarriers: Load;
  readonly inRuns: Load;
  /** Batches in a row that took few bulk items for the sake of unary commands. */
  shortBatches: number;
  readonly roomWaiters: (() => void)[];
};

export function createLane(partition: number): Lane {
  return {
    partition,
    unary: new ItemQueue(),
    bulk: new ItemQueue(),
    pace: new LanePace(),
    busy: false,
    reserved: false,
    barrierAt: Number.POSITIVE_INFINITY,
    inBarriers: { items: 0, bytes: 0 },
    inRuns: { items: 0, bytes: 0 },
    shortBatches: 0,
    roomWaiters: [],
  };
}

/** Bulk items that may go now: those before the first barrier. */
export function bulkReady({ bulk, barrierAt }: Lane): number {
  return Math.min(bulk.length, barrierAt - bulk.taken);
}

/** The lane's bulk items fill a batch, or a barrier waits for them to go. */
export function isFull(lane: Lane, limits: LaneLimits): boolean {
  const { bulk, barrierAt } = lane;
  if (barrierAt !== Number.POSITIVE_INFINITY) return bulkReady(lane) > 0;
  return bulk.length >= limits.batchItemsMax || bulk.bytes >= limits.batchBytesMax;
}

export type TakenBatch = {
  readonly items: BatchItem[];
  readonly hasBulk: boolean;
  readonly queuedSinceMs: number;
  /** One for each of `items`, for what is put back. */
  readonly queuedAtMs: readonly number[];
};

/** Answers the items that were put off; all others are settled. */
export type ProcessBatch = (
  partition: number,
  items: readonly BatchItem[],
  queuedSinceMs: number,
) => Promise<readonly BatchItem[]>;

export type Taking = {
  readonly nowMs: number;
  /** False: all processors are taken, so that unary commands go alone, for a while. */
  readonly hasProcessor: boolean;
  /** When a unary command came last, whatever its lane. */
  readonly lastUnaryMs: number;
};

export function takeBatch(lane: Lane, limits: LaneLimits, taking: Taking): TakenBatch {
  const items: BatchItem[] = [];
  const room = { items: limits.batchItemsMax, bytes: limits.batchBytesMax };
  const unaryMs = lane.unary.moveTo(items, room);
  room.items = Math.min(room.items, bulkItemsMax(lane, limits, taking, items.length > 0));
  const bulkMs = room.items > 0 ? lane.bulk.moveTo(items, room) : [];
  const queuedSinceMs = Math.min(...unaryMs.slice(0, 1), ...bulkMs.slice(0, 1));
  const queuedAtMs = [...unaryMs, ...bulkMs];
  return { items, hasBulk: bulkMs.length > 0, queuedSinceMs, queuedAtMs };
}

/** How many bulk items the batch takes; unary commands lead it or not. */
function bulkItemsMax(lane: Lane, limits: LaneLimits, taking: Taking, isLed: boolean): number {
  const { nowMs, hasProcessor } = taking;
  const ready = bulkReady(lane);
  if (ready === 0) return 0;
  const isLate = nowMs - lane.bulk.oldestMs >= limits.partialPatienceMs;
  if (!hasProcessor && !isLate) return 0;
  const isShort = isLed && lane.shortBatches < limits.shortBatchesMax;
  lane.shortBatches = isShort ? lane.shortBatches + 1 : 0;
  if (isShort) return Math.min(ready, limits.besideUnaryItemsMax);
  return unaryIsNear(limits, taking) ? Math.min(ready, limits.nearUnaryItemsMax) : ready;
}

/** Unary commands come, to whatever lane: the next may come to any. */
export function unaryIsNear(
  { nearUnaryMs }: LaneLimits,
  { nowMs, lastUnaryMs }: Pick<Taking, 'nowMs' | 'lastUnaryMs'>,
): boolean {
  return nowMs - lastUnaryMs < nearUnaryMs;
}

/** There is room again, or may be. */
export function wakeRoomWaiters(lane: Lane): void {
  for (const resolve of lane.roomWaiters.splice(0)) resolve();
}

/** What a batch has put off goes first again, in its order, each as old as it is. */
export function putBack(lane: Lane, deferred: readonly BatchItem[], taken: TakenBatch): void {
  if (deferred.length === 0) return;
  const atMs = new Map(taken.items.map((item, place) => [item, taken.queuedAtMs[place]]));
  const timesOf = (items: readonly BatchItem[]): number[] =>
    items.map((item) => atMs.get(item) ?? taken.queuedSinceMs);
  const isUnary = ({ origin }: BatchItem): boolean => origin.kind === 'unary';
  const unary = deferred.filter(isUnary);
  if (unary.length > 0) lane.unary.pushFront(unary, timesOf(unary));
  const bulk = deferred.filter((item) => !isUnary(item));
  if (bulk.length > 0) lane.bulk.pushFront(bulk, timesOf(bulk));
}

/**
 * First in, first out; knows its bytes and since when its first item waits. Bounded by whoever
 * pushes.
 */
export class ItemQueue {
  #items: BatchItem[] = [];
  #queuedAtMs: number[] = [];
  #first = 0;
  #bytes = 0;
  #taken = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Count of items that have left, less those that came back. */
  get taken(): number {
    return this.#taken;
  }

  /** When the first item was queued; infinity for an empty queue. */
  get oldestMs(): number {
    return this.#queuedAtMs[this.#first] ?? Number.POSITIVE_INFINITY;
  }

  push(item: BatchItem, nowMs: number): void {
    this.#items.push(item);
    this.#queuedAtMs.push(nowMs);
    this.#bytes += item.bytes;
  }

  /** Takes back what a batch has put off: it goes first again. `queuedAtMs`: one for each. */
  pushFront(items: readonly BatchItem[], queuedAtMs: readonly number[]): void {
    this.#items = [...items, ...this.#items.slice(this.#first)];
    this.#queuedAtMs = [...queuedAtMs, ...this.#queuedAtMs.slice(this.#first)];
    this.#first = 0;
    this.#taken -= items.length;
    for (const { bytes } of items) this.#bytes += bytes;
  }

  /**
   * Moves items while there is room; the first one always, so that no item can wait for ever.
   * Answers when each was queued.
   */
  moveTo(target: BatchItem[], room: { items: number; bytes: number }): number[] {
    const from = this.#first;
    let item = this.#items[from];
    while (
      item !== undefined &&
      room.items > 0 &&
      (room.bytes >= item.bytes || target.length === 0)
    ) {
      target.push(item);
      room.items -= 1;
      room.bytes -= item.bytes;
      this.#bytes -= item.bytes;
      this.#first += 1;
      this.#taken += 1;
      item = this.#items[this.#first];
    }
    const queuedAtMs = this.#queuedAtMs.slice(from, this.#first);
    this.#forgetTaken();
    return queuedAtMs;
  }

  #forgetTaken(): void {
    if (this.#first * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#first);
    this.#queuedAtMs = this.#queuedAtMs.slice(this.#first);
    this.#first = 0;
  }
}
