/**
 * How far a feed is from the present, by one clock: it aims at heads that were read at some moment,
 * and when it has told all up to them, it holds all that was stored at that moment. CAUGHT_UP says
 * that this moment was just now; FELL_BEHIND, that it was too long ago.
 */
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import type { FeedPosition } from './feed-position.ts';
import type { Heads, LogHeads } from './log-heads.ts';

export type DistanceLimits = { readonly caughtUpMs: number; readonly fellBehindMs: number };

export class FeedDistance {
  readonly #limits: DistanceLimits;
  readonly #heads: Pick<LogHeads, 'known' | 'read'>;
  #isLive = false;
  #aim: Heads;
  /** All that was stored then has been told. */
  #asOfMs = Number.NEGATIVE_INFINITY;

  constructor(aim: Heads, heads: Pick<LogHeads, 'known' | 'read'>, limits: DistanceLimits) {
    this.#aim = aim;
    this.#heads = heads;
    this.#limits = limits;
  }

  /** The mark that is due at this position. */
  async mark(position: FeedPosition): Promise<FeedState> {
    this.#look(position, this.#heads.known);
    return this.#isLive ? this.#markLive(position) : this.#markHistory(position);
  }

  /** The position was the newest one at that moment. */
  stoodAt(atMs: number): void {
    this.#asOfMs = Math.max(this.#asOfMs, atMs);
  }

  async #markHistory(position: FeedPosition): Promise<FeedState> {
    if (!position.reaches(this.#aim.seqs)) return FeedState.FEED_STATE_UNSPECIFIED;
    if (this.#ageMs() > this.#limits.caughtUpMs) this.#look(position, await this.#heads.read());
    if (this.#ageMs() > this.#limits.caughtUpMs) return FeedState.FEED_STATE_UNSPECIFIED;
    this.#isLive = true;
    return FeedState.FEED_STATE_CAUGHT_UP;
  }

  async #markLive(position: FeedPosition): Promise<FeedState> {
    if (this.#ageMs() <= this.#limits.fellBehindMs) return FeedState.FEED_STATE_UNSPECIFIED;
    this.#look(position, await this.#heads.read());
    if (this.#ageMs() <= this.#limits.fellBehindMs) return FeedState.FEED_STATE_UNSPECIFIED;
    this.#isLive = false;
    return FeedState.FEED_STATE_FELL_BEHIND;
  }

  /** Counts what was aimed at as reached, and aims at `heads` from then on. */
  #look(position: FeedPosition, heads: Heads): void {
    if (position.reaches(this.#aim.seqs)) {
      this.#asOfMs = Math.max(this.#asOfMs, this.#aim.atMs);
      this.#aim = heads;
    }
    if (position.reaches(heads.seqs)) this.#asOfMs = Math.max(this.#asOfMs, heads.atMs);
  }

  #ageMs(): number {
    return performance.now() - this.#asOfMs;
  }
}
