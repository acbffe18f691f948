/**
 * The floor: what this PostgreSQL takes when nothing but the rows is written. Events, entries and
 * balances of a batch in one message and one commit, from so many connections at once, no gRPC, no
 * decisions, no log, no Redis, no Kafka, one database instead of two. Reconciled like everything
 * else.
 */
import type pg from 'pg';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import { requireEqual } from '../check-failed.ts';
import { perSecond } from '../statistics.ts';
import { AMOUNT_MINOR, createFloorWriter } from './floor-batch.ts';

export type FloorShape = { readonly batchItems: number; readonly connections: number };

export const FLOOR_SHAPES: readonly FloorShape[] = [1_000, 5_000].flatMap((batchItems) =>
  [2, 4].map((connections) => ({ batchItems, connections })),
);

const ANSWER_MS = 60_000;

/** Events a second, over whole batches of about `items` events. Starts from empty tables. */
export async function runFloor(
  pool: pg.Pool,
  accounts: readonly string[],
  { batchItems, connections }: FloorShape,
  items: number,
): Promise<number> {
  await emptyTables(pool, accounts);
  const batches = Math.max(connections, Math.round(items / batchItems));
  const writers = Array.from({ length: connections }, (_, n) =>
    createFloorWriter(
      accounts.filter((_id, index) => index % connections === n),
      batchItems,
    ),
  );
  let left = batches;
  const clients = await Promise.all(writers.map(() => pool.connect()));
  try {
    const startedMs = performance.now();
    await Promise.all(
      clients.map(async (client, n) => {
        while (left-- > 0) await runPipeline(client, writers[n]?.nextBatch() ?? [], ANSWER_MS);
      }),
    );
    const tookMs = performance.now() - startedMs;
    await checkFloor(pool, BigInt(batches * batchItems));
    return perSecond(batches * batchItems, tookMs);
  } finally {
    for (const client of clients) client.release();
  }
}

async function emptyTables(pool: pg.Pool, accounts: readonly string[]): Promise<void> {
  await pool.query('truncate events, entries, balances');
  await pool.query(
    `insert into balances (account_id, version, currency_code, balance_minor, owner, updated_at)
     select id, 1, 'EUR', 0, 'Owner', now() from unnest($1::uuid[]) as id`,
    [accounts],
  );
  await pool.query('vacuum analyze balances');
}

async function checkFloor(pool: pg.Pool, items: bigint): Promise<void> {
  const { rows } = await pool.query<Record<string, bigint>>(
    `select (select count(*) from events)::bigint as events,
            (select count(*) from entries)::bigint as entries,
            (select sum(balance_minor) from balances)::bigint as balances`,
  );
  const [found] = rows;
  requireEqual('events of the floor', found?.['events'], items);
  requireEqual('entries of the floor', found?.['entries'], items);
  requireEqual('balances of the floor', found?.['balances'], items * AMOUNT_MINOR);
}
