/**
 * What bulk mode changes in projector-svc, seen in the transactions that it makes: for each setting
 * the same records in both modes, switched by a lease. A head that a test holds keeps a transaction
 * in flight.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  connected,
  openBareReplica,
  serviceIs,
  type BareReplica,
} from '#test/support/mode-replica.ts';
import { until } from '#test/support/until.ts';
import { expectProjected, history } from './account-history.ts';
import { openWorld, type World } from './projector-fixture.ts';

const NORMAL = { batchEventsMax: 5, batchTimeoutMs: 1_200 };
const BULK = { batchEventsMax: 20, batchTimeoutMs: 20 };
const LEASE_MS = 60_000;

let world: World;
let bare: BareReplica;
let leaseId: string | undefined;
let partitions = 0;

beforeAll(async () => {
  world = await openWorld();
  bare = openBareReplica(inject('stack').redisUrl);
  await connected(bare);
  await world.startReplica('bulk-mode', { normal: NORMAL, bulk: BULK });
});
afterEach(() => goNormal());
afterAll(async () => {
  await world.close();
  await bare.close();
});

describe.each([
  { column: 'normal', settings: NORMAL, enter: goNormal },
  { column: 'bulk', settings: BULK, enter: goBulk },
])('in $column mode', ({ settings, enter }) => {
  test(`a transaction takes up to ${settings.batchEventsMax} events`, async () => {
    await enter();
    const { partition, accountId, records } = newHistory(60);
    const release = await holdHead(partition);
    await world.store(records);
    await world.send(records);
    await oneInFlight();
    await release();
    await world.applied(partition, 60n);
    await expectProjected(world.databases, accountId, 60);
    expect(Math.max(...(await transactionSizes(accountId)))).toBe(settings.batchEventsMax);
  });

  test(`a record waits up to ${settings.batchTimeoutMs} ms for company`, async () => {
    await enter();
    const held = newHistory(1);
    const release = await holdHead(held.partition);
    await world.store(held.records);
    await world.send(held.records);
    await oneInFlight();
    const { partition, records } = newHistory(1);
    await world.store(records);
    const sentMs = performance.now();
    await world.send(records);
    await world.applied(partition, 1n);
    const waitedMs = performance.now() - sentMs;
    expect(waitedMs).toBeGreaterThan(settings.batchTimeoutMs * 0.9);
    expect(waitedMs).toBeLessThan(settings.batchTimeoutMs + 800);
    await release();
    await world.applied(held.partition, 1n);
  });
});

/** In a partition of its own. */
function newHistory(length: number) {
  const partition = partitions++;
  return { partition, ...history(partition, length) };
}

async function goBulk(): Promise<void> {
  leaseId = randomUUID();
  await bare.leases.take(leaseId, { holder: 'a test', reason: '' }, LEASE_MS);
  await serviceIs(bare, 'projector-svc', true);
}

async function goNormal(): Promise<void> {
  if (leaseId !== undefined) await bare.leases.end(leaseId);
  leaseId = undefined;
  await serviceIs(bare, 'projector-svc', false);
}

async function holdHead(partition: number): Promise<() => Promise<void>> {
  const client = await world.databases.projectionStore.connect();
  await client.query('begin');
  await client.query('select from projected_heads where partition = $1 for update', [partition]);
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

/** A transaction that waits for a head. */
async function oneInFlight(): Promise<void> {
  await until('a transaction in flight', async () => {
    const { rows } = await world.databases.projectionStore.query(
      `select from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`,
    );
    return rows.length === 1;
  });
}

async function transactionSizes(accountId: string): Promise<number[]> {
  const { rows } = await world.databases.projectionStore.query<{ size: bigint }>(
    'select count(*) as size from entries where account_id = $1 group by xmin',
    [accountId],
  );
  return rows.map(({ size }) => Number(size));
}
