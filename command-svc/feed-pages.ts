/**
 * Reads the log for one feed, a page at a time and one page ahead, each by one short statement.
 * Pages of all feeds share a budget of memory; a feed reads ahead only where there is room. What
 * is held can be dropped at any time: the feed's position says where to read it again.
 */
import type { Pool } from 'pg';
import type { ByteBudget, Share } from '#platform/byte-budget.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { FEED } from './bounds.ts';
import type { FeedPosition } from './feed-position.ts';
import { readLogRows, type LogRange, type LogRow } from './sql/read-log-rows.ts';

export type Page = { readonly rows: readonly LogRow[]; release(): void };

type Ahead = { readonly page: Promise<Page>; readonly share: Share };

export type PageSource = { readonly db: Pool; readonly budget: ByteBudget };

export class FeedPages {
  readonly #source: PageSource;
  readonly #signal: AbortSignal;
  /** What has been read, whether told or not. */
  #read: FeedPosition;
  #ahead: Ahead | undefined;
  /** The partition that the next page begins with: each has its turn. */
  #turn = 0;

  constructor(source: PageSource, position: FeedPosition, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
    this.#read = position.copy();
  }

  /** The next page up to the heads; undefined when all of that was read. */
  async next(heads: ReadonlyMap<number, bigint>): Promise<Page | undefined> {
    const ahead = this.#ahead ?? this.#start(heads, this.#source.budget.take(FEED.pageBytesMax));
    if (ahead === undefined) return undefined;
    this.#ahead = undefined;
    const page = await ahead.page;
    for (const { partition, seq } of page.rows) this.#read.finish(partition, seq);
    const share = this.#source.budget.tryTake(FEED.pageBytesMax);
    if (share !== undefined) this.#ahead = this.#start(heads, share);
    return page;
  }

  /** Drops what was read ahead: the next page begins behind what was told. */
  dropTo(position: FeedPosition): void {
    this.drop();
    this.#read = position.copy();
  }

  /** Lets go of what was read ahead. */
  drop(): void {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    ahead?.page.then((page) => page.release()).catch(() => undefined); // its share is given back
  }

  #start(heads: ReadonlyMap<number, bigint>, share: Share): Ahead | undefined {
    const ranges = this.#ranges(heads);
    if (ranges.length === 0) {
      share.giveBack();
      return undefined;
    }
    const page = this.#load(ranges, share);
    page.catch(() => undefined); // thrown where it is awaited
    return { page, share };
  }

  async #load(ranges: readonly LogRange[], share: Share): Promise<Page> {
    try {
      await grantedOrAborted(share, this.#signal);
      const rows = await retryWithBackoff(
        { ...FEED.readRetry, signal: this.#signal, retriable: isConnectionLost },
        () => readLogRows(this.#source.db, ranges, PAGE_LIMITS),
      );
      return { rows, release: () => share.giveBack() };
    } catch (error) {
      share.giveBack();
      throw error;
    }
  }

  /** As many positions as a page has rows, from the partition whose turn it is on. */
  #ranges(heads: ReadonlyMap<number, bigint>): LogRange[] {
    const partitions = [...this.#read.partitions];
    const ranges: LogRange[] = [];
    let room = BigInt(FEED.pageRowsMax);
    for (let i = 0; i < partitions.length && room > 0n; i++) {
      const partition = partitions[(this.#turn + i) % partitions.length] ?? 0;
      const after = this.#read.seqOf(partition);
      const head = heads.get(partition) ?? 0n;
      if (head <= after) continue;
      const until = head - after > room ? after + room : head;
      ranges.push({ partition, after, until });
      room -= until - after;
    }
    this.#turn += 1;
    return ranges;
  }
}

const PAGE_LIMITS = { rowsMax: FEED.pageRowsMax, bytesMax: FEED.pageBytesMax };

/** An aborted signal is thrown by the reading that follows. */
function grantedOrAborted(share: Share, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      signal.removeEventListener('abort', settle);
      resolve();
    };
    signal.addEventListener('abort', settle, { once: true });
    void share.granted.then(settle);
    if (signal.aborted) settle();
  });
}
