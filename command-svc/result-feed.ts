/**
 * Results that flow back while the caller still sends: in the order of storing, some hundred a
 * message. A caller that does not read is slowed: a message is taken when there is room for the
 * results of all its items, in its stream's bound and in the one of all streams; and one that takes
 * nothing for too long is ended.
 */
import { status } from '@grpc/grpc-js';
import type { ByteBudget, Share } from '#platform/byte-budget.ts';
import { refusal } from '#platform/grpc-errors.ts';
import type { Send } from '#platform/streaming.ts';
import type { BulkSubmitResponse } from '#proto/bank/v1/bulk_service.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import { MESSAGE_RESULTS_MAX, RESULT_BYTES } from './bounds.ts';
import { acceptedResult, refusedResult } from './collected-results.ts';
import type { ResultSink } from './item-results.ts';

export type ResultFeed = ResultSink & {
  /** Sends one message, for which the caller is waited for as long as it may be idle. */
  readonly send: Send<BulkSubmitResponse>;
  /** Resolves when so many items may be taken in, each of which will have a result. */
  roomFor(items: number): Promise<void>;
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
  /** Bytes of results that are not sent, over all streams. */
  readonly unread: ByteBudget;
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
  /** One for each message whose results are not all sent, oldest first. */
  #shares: { readonly share: Share; items: number }[] = [];
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

  async roomFor(items: number): Promise<void> {
    const { openMax, unread } = this.#options;
    while (this.#open > 0 && this.#open + items > openMax) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
    }
    if (this.#stopped || items === 0) return;
    this.#open += items;
    const share = unread.take(items * RESULT_BYTES);
    this.#shares.push({ share, items });
    await share.granted;
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
    let left = items;
    for (let oldest = this.#shares[0]; oldest !== undefined && left > 0; oldest = this.#shares[0]) {
      const part = Math.min(left, oldest.items);
      oldest.items -= part;
      left -= part;
      if (oldest.items > 0) break;
      oldest.share.giveBack();
      this.#shares.shift();
    }
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
