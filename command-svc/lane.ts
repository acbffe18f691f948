/**
 * One partition's lane in the batcher: its two queues, and how a batch is cut from them. Unary
 * commands lead; bulk items fill up to the batch's size in items and in bytes of its packed row.
 */
import type { BatchItem } from './batch-item.ts';

export type LaneLimits = {
  readonly batchItemsMax: number;
  /** What a batch aims at for its packed row; one item more never passes the record's limit. */
  readonly batchBytesMax: number;
  /** Each queue of a lane. */
  readonly queueItemsMax: number;
};

export type Lane = {
  readonly partition: number;
  readonly unary: ItemQueue;
  readonly bulk: ItemQueue;
  busy: boolean;
  readonly roomWaiters: (() => void)[];
};

export function createLane(partition: number): Lane {
  return {
    partition,
    unary: new ItemQueue(),
    bulk: new ItemQueue(),
    busy: false,
    roomWaiters: [],
  };
}

/** The lane's bulk items fill a batch. */
export function isFull({ bulk }: Lane, limits: LaneLimits): boolean {
  return bulk.length >= limits.batchItemsMax || bulk.bytes >= limits.batchBytesMax;
}

export type TakenBatch = {
  readonly items: BatchItem[];
  readonly hasBulk: boolean;
  readonly queuedSinceMs: number;
};

/** `bulkToo` false: all processors are taken, so that unary commands go alone. */
export function takeBatch(lane: Lane, limits: LaneLimits, bulkToo: boolean): TakenBatch {
  const queuedSinceMs = Math.min(lane.unary.oldestMs, lane.bulk.oldestMs);
  const items: BatchItem[] = [];
  const room = { items: limits.batchItemsMax, bytes: limits.batchBytesMax };
  lane.unary.moveTo(items, room);
  const unaryCount = items.length;
  if (bulkToo) lane.bulk.moveTo(items, room);
  return { items, hasBulk: items.length > unaryCount, queuedSinceMs };
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

  get length(): number {
    return this.#items.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
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

  /** Moves items while there is room; the first one always, so that no item can wait for ever. */
  moveTo(target: BatchItem[], room: { items: number; bytes: number }): void {
    let item = this.#items[this.#first];
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
      item = this.#items[this.#first];
    }
    this.#forgetTaken();
  }

  #forgetTaken(): void {
    if (this.#first * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#first);
    this.#queuedAtMs = this.#queuedAtMs.slice(this.#first);
    this.#first = 0;
  }
}
