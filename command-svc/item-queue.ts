/** One of a lane's queues: the items, and how far they may go. */
import type { BatchItem } from './batch-item.ts';

export type Load = { items: number; bytes: number };

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
  /** Where the first barrier of its kind stands among all items ever queued; infinity: none. */
  barrierAt = Number.POSITIVE_INFINITY;
  /** What waits in runs of its kind: it counts towards the bound. */
  readonly inRuns: Load = { items: 0, bytes: 0 };

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

  /** Where the next item would stand. */
  get end(): number {
    return this.#taken + this.length;
  }

  /** Items that may go now: those before the first barrier. */
  get ready(): number {
    return Math.min(this.length, this.barrierAt - this.#taken);
  }

  /** Since when what may go now has waited; infinity: nothing may. */
  get readySinceMs(): number {
    return this.ready > 0 ? this.oldestMs : Number.POSITIVE_INFINITY;
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
   * Moves items that may go while there is room; the first one always, so that no item can wait for
   * ever. Answers when each was queued.
   */
  moveTo(target: BatchItem[], room: { items: number; bytes: number }): number[] {
    const from = this.#first;
    const end = from + this.ready;
    let item = this.#items[from];
    while (
      item !== undefined &&
      this.#first < end &&
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
