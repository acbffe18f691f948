/** A feed that ends, wherever it is, holds nothing of the memory that all feeds share. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { createByteBudget } from '#platform/byte-budget.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { FEED } from '../../../command-svc/bounds.ts';
import { tellFeed, type FeedContext } from '../../../command-svc/event-feed.ts';
import { FeedPosition, feedTokens } from '../../../command-svc/feed-position.ts';
import type { Heads, LogHeads } from '../../../command-svc/log-heads.ts';
import { recordsOfAllTypes } from '#test/support/planted-log.ts';
import { until } from '#test/support/until.ts';

const HEAD = 9n;
const BUDGET = 2 * FEED.pageBytesMax;

/** Answers the row after the position that is asked for, a row a page. */
function logOfRows(): Pool {
  const events = recordsOfAllTypes(randomUUID()).slice(0, 1);
  const payload = Buffer.from(EventBatch.encode(EventBatch.fromPartial({ events })).finish());
  const query = ({ values }: { values: [number[], bigint[]] }) => {
    const seq = (values[1][0] ?? 0n) + 1n;
    return Promise.resolve({ rows: [{ partition: 0, seq, payload }] });
  };
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- all that is used of a pool
  return { query } as unknown as Pool;
}

test('a feed that is cut gives back what was read ahead for it', async () => {
  const known = headsAt(HEAD);
  const context = contextOf({ known, read: () => Promise.resolve(known) });
  await expect(tellUntilCut(context, 0n)).rejects.toThrow('cut');
  await until('all of it is free', () => context.budget.tryTake(BUDGET) !== undefined, {
    timeoutMs: 1_000,
  });
});

test('a position that is not seen is waited for, then it is of a log that is gone', async () => {
  let known = headsAt(HEAD);
  const waited: number[] = [];
  const heads = (becomes: bigint) => ({
    get known() {
      return known;
    },
    read: () => Promise.resolve(known),
    wait: (isMoved: (heads: Heads) => boolean, waitMs: number) => {
      waited.push(waitMs);
      known = headsAt(becomes);
      expect(isMoved(known)).toBe(becomes > HEAD);
      return Promise.resolve(0);
    },
  });
  await expect(tellUntilCut(contextOf(heads(HEAD)), HEAD + 1n)).rejects.toThrow('behind 10');
  await expect(tellUntilCut(contextOf(heads(HEAD + 2n)), HEAD + 1n)).rejects.toThrow('cut');
  expect(waited).toEqual([FEED.unseenMs, FEED.unseenMs]);
});

const headsAt = (seq: bigint): Heads => ({ seqs: new Map([[0, seq]]), atMs: performance.now() });

function contextOf(heads: Pick<LogHeads, 'known' | 'read'> & Partial<LogHeads>): FeedContext {
  const wait = () => Promise.resolve(0);
  const mayHaveMoved = () => undefined;
  return {
    db: logOfRows(),
    heads: Object.assign(heads, { wait: heads.wait ?? wait, mayHaveMoved }),
    owners: { ownersOf: () => Promise.resolve(new Map()) },
    budget: createByteBudget(BUDGET),
    distance: FEED,
    checkpointMs: FEED.checkpointMs,
  };
}

/** Its caller is gone when the first message has no room. */
function tellUntilCut(context: FeedContext, seq: bigint): Promise<never> {
  const filter = { types: undefined, owners: undefined, reach: undefined, partitions: [0] };
  const cut = new AbortController();
  const cutNow = (): Promise<never> => {
    cut.abort(new Error('cut'));
    return Promise.reject(new Error('cut'));
  };
  const sender = { send: () => undefined, room: cutNow, roomWithin: cutNow };
  const start = new FeedPosition(new Map([[0, seq]]));
  const opened = { filter, tokens: feedTokens(randomUUID(), filter), start };
  return tellFeed(context, opened, sender, cut.signal);
}
