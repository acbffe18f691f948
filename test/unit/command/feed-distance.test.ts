/** A feed's distance from the present: when CAUGHT_UP and FELL_BEHIND are due. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { FeedDistance } from '../../../command-svc/feed-distance.ts';
import { FeedPosition } from '../../../command-svc/feed-position.ts';
import type { Heads } from '../../../command-svc/log-heads.ts';

const LIMITS = { caughtUpMs: 500, fellBehindMs: 2_000 };
const {
  FEED_STATE_UNSPECIFIED: NONE,
  FEED_STATE_CAUGHT_UP: CAUGHT_UP,
  FEED_STATE_FELL_BEHIND: FELL_BEHIND,
} = FeedState;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A log of one partition, whose head the test moves; `known` is what was read last. */
function logAt(seq: bigint) {
  let head = seq;
  const now = (): Heads => ({ seqs: new Map([[0, head]]), atMs: performance.now() });
  const heads = {
    known: now(),
    read: () => Promise.resolve((heads.known = now())),
    grow: (by: bigint) => (head += by),
  };
  return heads;
}

const at = (seq: bigint): FeedPosition => new FeedPosition(new Map([[0, seq]]));

describe('the distance of a feed', () => {
  it('is caught up when all that was stored a moment ago has been told', async () => {
    const heads = logAt(10n);
    const distance = new FeedDistance(heads.known, heads, LIMITS);
    expect(await distance.mark(at(9n))).toBe(NONE);
    vi.advanceTimersByTime(400);
    heads.grow(5n); // stored meanwhile: it does not have to be told first
    expect(await distance.mark(at(10n))).toBe(CAUGHT_UP);
    expect(await distance.mark(at(10n))).toBe(NONE);
  });

  it('is not when that is long ago, until the newest has been told', async () => {
    const heads = logAt(10n);
    const distance = new FeedDistance(heads.known, heads, LIMITS);
    vi.advanceTimersByTime(600);
    heads.grow(5n);
    expect(await distance.mark(at(10n))).toBe(NONE);
    expect(await distance.mark(at(14n))).toBe(NONE);
    expect(await distance.mark(at(15n))).toBe(CAUGHT_UP);
  });

  it('has fallen behind when something was stored too long ago and not told', async () => {
    const heads = logAt(1n);
    const distance = new FeedDistance(heads.known, heads, LIMITS);
    expect(await distance.mark(at(1n))).toBe(CAUGHT_UP);
    heads.grow(5n);
    await heads.read();
    vi.advanceTimersByTime(1_900);
    expect(await distance.mark(at(2n))).toBe(NONE);
    vi.advanceTimersByTime(200);
    expect(await distance.mark(at(3n))).toBe(FELL_BEHIND);
    expect(await distance.mark(at(4n))).toBe(NONE);
    expect(await distance.mark(at(6n))).toBe(CAUGHT_UP);
  });

  it('has not when it was only quiet, or moves with a log that grows', async () => {
    const heads = logAt(1n);
    const distance = new FeedDistance(heads.known, heads, LIMITS);
    expect(await distance.mark(at(1n))).toBe(CAUGHT_UP);
    vi.advanceTimersByTime(60_000);
    expect(await distance.mark(at(1n))).toBe(NONE);
    for (let seq = 1n; seq < 20n; seq++) {
      heads.grow(1n);
      await heads.read();
      vi.advanceTimersByTime(1_000);
      expect(await distance.mark(at(seq))).toBe(NONE);
    }
  });
});
