/**
 * Results that flow back while the caller still sends: in the order of storing, some hundred a
 * message. A caller that does not read is slowed: items are taken when there is room for their
 * results, in its stream's bound and in what all streams share; and one that takes nothing for too
 * long is ended.
 */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import type { Send } from '#platform/streaming.ts';
import type { BulkSubmitResponse } from '#proto/bank/v1/bulk_service.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import { MESSAGE_RESULTS_MAX } from './bounds.ts';
import { acceptedResult, refusedResult } from './collected-results.ts';
import type { ResultSink } from './item-results.ts';
import type { StreamRoom } from './unread-room.ts';

export type ResultFeed = ResultSink & {
  /** Sends one message, for which the caller is waited for as long as it may be idle. */
  readonly send: Send<BulkSubmitResponse>;
  /**
   * Resolves with how many of so many items may be taken in, each of which will have a result: all
   * of them, or where they find no room together, some when nothing else is unread.
   */
  roomFor(items: number): Promise<number>;
  /** Who is told when results cannot be sent. */
  onBroken(listener: (reason: unknown) => void): void;
  /** Resolves when every result that has come was sent. */
  allSent(): Promise<void>;
  /** Sends nothing more, and gives all room back. */
  stop(): void;
};

export type ResultFeedOptions = {
  readonly send: Send<BulkSubmitResponse>;
  /** Reads what is stored at some indexes. */
  readonly readDuplicates: (indexes: readonly number[]) => AsyncIterable<ItemResult[]>;
  /** Items taken whose results are not sent; a message that is greater by itself is taken alone. */
  readonly openMax: number;
  /** What it has of the room of all streams. */
  readonly room: StreamRoom;
  readonly idleMs: number;
};

export function createResultFeed(options: ResultFeedOptions): ResultFeed {
  return new SendingFeed(options);
}

class SendingFeed implements ResultFeed {
  readonly #options: ResultFeedOptions;
  /** A number is the index of a duplicate: its result is read when its turn comes. */
  #waiting: (ItemResult | number)[] = [];
  #open = 0;
  #sending: Promise<void> | undefined;
  #stopped = false;
  #broken: (reason: unknown) => void = () => undefined;
  #roomWaiters: (() => void)[] = [];

  constructor(options: ResultFeedOptions) {
    this.#options = options;
  }

  accepted: ResultSink['accepted'] = (item, executed) => this.#add(acceptedResult(item, executed));
  refused: ResultSink['refused'] = (item, rejection) => this.#add(refusedResult(item, rejection));
  duplicate = (index: number): void => this.#add(index);

  async roomFor(items: number): Promise<number> {
    for (;;) {
      if (this.#stopped || items === 0) return items;
      const taken = this.#roomNow(items);
      if (taken > 0) {
        this.#open += taken;
        this.#options.room.take(taken);
        return taken;
      }
      // For its own results to be read: what others read is not waited for.
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
    }
  }

  #roomNow(items: number): number {
    const { openMax, room } = this.#options;
    const isAlone = this.#open === 0;
    if (!isAlone && this.#open + items > openMax) return 0;
    const free = room.free();
    if (items <= free) return items;
    return isAlone ? free : 0;
  }

  send = async (message: BulkSubmitResponse): Promise<void> => {
    const { idleMs, send } = this.#options;
    const { promise: idle, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(notRead(idleMs)), idleMs);
    try {
      await Promise.race([send(message), idle]);
    } finally {
      clearTimeout(timer);
    }
  };

  onBroken(listener: (reason: unknown) => void): void {
    this.#broken = listener;
  }

  async allSent(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#giveBack(this.#open);
  }

  #giveBack(items: number): void {
    this.#open -= items;
    this.#options.room.giveBack(items);
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  #add(result: ItemResult | number): void {
    if (this.#stopped) return;
    this.#waiting.push(result);
    this.#sending ??= this.#sendWaiting().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendWaiting(): Promise<void> {
    try {
      // What one batch has stored is told at once, in as few messages as it takes.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#waiting.length > 0) {
        const part = this.#waiting.splice(0, MESSAGE_RESULTS_MAX);
        for await (const results of this.#resultsOf(part)) {
          await this.send({ results, receipt: undefined });
        }
        if (!this.#stopped) this.#giveBack(part.length);
      }
    } catch (error) {
      this.stop();
      this.#broken(error);
    }
  }

  async *#resultsOf(part: readonly (ItemResult | number)[]): AsyncGenerator<ItemResult[]> {
    const fresh = part.filter((one) => typeof one !== 'number');
    if (fresh.length > 0) yield fresh;
    const indexes = part.filter((one) => typeof one === 'number');
    if (indexes.length > 0) yield* this.#options.readDuplicates(indexes);
  }
}

function notRead(idleMs: number): ReturnType<typeof refusal> {
  const message = `no result was read for ${idleMs} ms; what was stored stays stored`;
  return refusal(status.DEADLINE_EXCEEDED, 'STREAM_IDLE', message);
}
