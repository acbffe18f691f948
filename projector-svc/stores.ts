/**
 * The connections to both stores, opened when their schemas are there. Checks what must agree
 * before anything is applied: each partition of the ledger has its row in projected_heads, and
 * there are no others.
 */
import type pg from 'pg';
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createPool, NotSetUp, waitForSchema, whenThere } from '#platform/postgres.ts';
import { openTexts } from './open-texts.ts';
import type { TextKeys } from './text-keys.ts';
import { BATCH, POOLS, READ_TIMEOUT_MS, SCHEMA, WATCH_TIMEOUT_MS } from './config.ts';
import type { ProjectorConfig } from './config.ts';
import { readLedger } from './sql/read-ledger.ts';
import type { Ledger } from './sql/read-ledger.ts';
import { readProjectedHeads } from './sql/read-projected-heads.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';

export type Stores = {
  eventStore: pg.Pool;
  projecting: pg.Pool;
  reading: pg.Pool;
  /** The projection store, for questions that come again soon: a late answer is none. */
  watching: pg.Pool;
  ledger: Ledger;
  /** Opens sealed texts. */
  texts: TextKeys;
};

export async function openStores(config: ProjectorConfig, ctx: ServiceContext): Promise<Stores> {
  const { log } = ctx;
  const open = (
    name: string,
    metricName: string,
    options: Omit<Parameters<typeof createPool>[0], 'log' | 'metricName'>,
  ): pg.Pool => {
    const pool = createPool({ ...options, metricName, log });
    ctx.closers.add(name, () => pool.end());
    return pool;
  };
  const eventStore = open('event store', 'event_store', {
    url: config.eventStoreUrl,
    applicationName: config.instance,
    maxConnections: POOLS.eventStore,
    statementTimeoutMs: READ_TIMEOUT_MS,
  });
  const reading = open('projection store', 'reading', {
    url: config.projectionStoreUrl,
    applicationName: config.instance,
    maxConnections: POOLS.reading,
    statementTimeoutMs: READ_TIMEOUT_MS,
  });
  const projecting = open('projection store, projecting', 'projecting', {
    url: config.projectionStoreUrl,
    applicationName: `${config.instance}-project`,
    maxConnections: POOLS.projecting,
    statementTimeoutMs: BATCH.answerMs,
    lockTimeoutMs: BATCH.lockTimeoutMs,
  });
  const watching = open('projection store, watching', 'watching', {
    url: config.projectionStoreUrl,
    applicationName: `${config.instance}-watch`,
    maxConnections: POOLS.watching,
    statementTimeoutMs: WATCH_TIMEOUT_MS,
    answerTimeoutMs: WATCH_TIMEOUT_MS,
    connectTimeoutMs: WATCH_TIMEOUT_MS,
  });
  await Promise.all([
    waitForSchema(eventStore, SCHEMA.eventStore, ctx, 'the event store'),
    waitForSchema(reading, SCHEMA.projectionStore, ctx, 'the projection store'),
  ]);
  const ledger = await whenThere('the event store', ctx, () => readLedger(eventStore));
  const heads = await whenThere('the projection store', ctx, () => headsOf(reading));
  checkPartitions(ledger, heads);
  const texts = await whenThere('the event store', ctx, () => openTexts(eventStore, log));
  return { eventStore, projecting, reading, watching, ledger, texts };
}

/** db:setup makes all of them in one statement. */
async function headsOf(reading: pg.Pool): Promise<HeadRow[]> {
  const heads = await readProjectedHeads(reading);
  if (heads.length === 0) throw new NotSetUp('projected_heads has no rows: run npm run db:setup');
  return heads;
}

function checkPartitions(ledger: Ledger, heads: readonly { partition: number }[]): void {
  const found = new Set(heads.map((head) => head.partition));
  for (let partition = 0; partition < ledger.partitionCount; partition++) found.delete(partition);
  if (heads.length === ledger.partitionCount && found.size === 0) return;
  throw new Error(
    `the ledger has ${ledger.partitionCount} partitions, projected_heads has ${heads.length} ` +
      'rows: run npm run db:setup',
  );
}
