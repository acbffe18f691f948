/**
 * What a feed sends: messages of events, cut by count and bytes over the rows of a page, marks and
 * checkpoints, each with the token of the position after it. The position moves here and nowhere
 * else, right before the message that it belongs to.
 */
import type { BoundedSender } from '#platform/bounded-sender.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import type { AccountOwners } from './account-owners.ts';
import { FEED } from './bounds.ts';
import { wantedEvents } from './feed-filter.ts';
import { FeedMessage, positionBytes } from './feed-message.ts';
import type { Page } from './feed-pages.ts';
import type { FeedPosition } from './feed-position.ts';
import type { OpenedFeed } from './feed-request.ts';
import { LogRecord } from './log-record.ts';
import { openLogRow } from './log-row.ts';
import type { LogRow } from './sql/read-log-rows.ts';

export type FeedOutputParts = {
  readonly opened: OpenedFeed;
  readonly position: FeedPosition;
  readonly sender: BoundedSender<Buffer>;
  readonly owners: AccountOwners;
};

export class FeedOutput {
  readonly #parts: FeedOutputParts;
  readonly #record = new LogRecord();
  /** Undefined while it has no event. */
  #message: FeedMessage | undefined;
  #lastSentMs = performance.now();

  constructor(parts: FeedOutputParts) {
    this.#parts = parts;
  }

  /** Since the last message. */
  get quietMs(): number {
    return performance.now() - this.#lastSentMs;
  }

  /**
   * Sends the page and releases it. False: the caller has stopped reading, and the rest of the page
   * was let go; the position says how far it was told.
   */
  async tellPage(page: Page): Promise<boolean> {
    try {
      let bytesLeft = page.rows.reduce((sum, { payload }) => sum + payload.length, 0);
      for (const row of page.rows) {
        if (!(await this.#tellRow(row, bytesLeft))) return false;
        bytesLeft -= row.payload.length;
      }
      return this.#message === undefined || (await this.#send(FeedState.FEED_STATE_UNSPECIFIED));
    } finally {
      page.release();
    }
  }

  /** A mark, or a checkpoint. Waits for room first. */
  async tellMark(mark: FeedState): Promise<void> {
    await this.#parts.sender.room();
    await this.#send(mark);
  }

  /** `bytesLeft`: of this row and those behind it. */
  async #tellRow(row: LogRow, bytesLeft: number): Promise<boolean> {
    const { position, opened: feed, owners } = this.#parts;
    const { partition, seq } = row;
    const opened = openLogRow(row);
    const { events } = opened;
    const wanted = await wantedEvents(opened, feed.filter, owners);
    const place = positionBytes(partition, seq);
    for (let at = position.eventsOf(partition); at < events.length; at++) {
      const span = events[at];
      if (span === undefined || wanted?.[at] === 0) continue;
      this.#record.read(opened, span);
      this.#message ??= new FeedMessage(bytesLeft);
      this.#message.addEvent(opened, this.#record, place);
      if (!this.#message.isFull) continue;
      position.goneInto(partition, at + 1);
      if (!(await this.#send(FeedState.FEED_STATE_UNSPECIFIED))) return false;
    }
    position.finish(partition, seq);
    return true;
  }

  async #send(mark: FeedState): Promise<boolean> {
    const { opened, position, sender } = this.#parts;
    const message = this.#message ?? new FeedMessage(0);
    this.#message = undefined;
    const bytes = message.finish(opened.tokens.write(position), mark);
    sender.send(bytes, bytes.length);
    this.#lastSentMs = performance.now();
    await nextTurn();
    return sender.roomWithin(FEED.stalledMs);
  }
}

/** So that a feed at full speed leaves room for commands. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
