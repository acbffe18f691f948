/** A feed that ends, wherever it is, holds nothing of the memory that all feeds share. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { createByteBudget } from '#platform/byte-budget.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { FEED } from '../../../command-svc/bounds.ts';
import { tellFeed, type FeedContext } from '../../../command-svc/event-feed.ts';
import { FeedPosition, feedTokens } from '../../../command-svc/feed-position.ts';
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
  const filter = { types: undefined, owners: undefined, partitions: [0] };
  const logId = randomUUID();
  const known = { seqs: new Map([[0, HEAD]]), atMs: performance.now() };
  const budget = createByteBudget(BUDGET);
  const context: FeedContext = {
    db: logOfRows(),
    heads: {
      known,
      read: () => Promise.resolve(known),
      wait: () => Promise.resolve(known.atMs),
      mayHaveMoved: () => undefined,
    },
    owners: { ownersOf: () => Promise.resolve(new Map()) },
    budget,
    distance: FEED,
    checkpointMs: FEED.checkpointMs,
  };
  const cut = new AbortController();
  const cutNow = (): Promise<never> => {
    cut.abort(new Error('cut'));
    return Promise.reject(new Error('cut'));
  };
  const sender = { send: () => undefined, room: cutNow, roomWithin: cutNow };
  const start = FeedPosition.start([0]);
  const opened = { filter, tokens: feedTokens(logId, filter), start };
  await expect(tellFeed(context, opened, sender, cut.signal)).rejects.toThrow('cut');
  await until('all of it is free', () => budget.tryTake(BUDGET) !== undefined, {
    timeoutMs: 1_000,
  });
});
