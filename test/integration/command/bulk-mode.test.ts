/**
 * What bulk mode changes in command-svc, seen in what it does: for each setting the same load in
 * both modes, on a real event store, switched by a lease in a real Redis. Heads that a test holds
 * keep batches in flight.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { Closers } from '#platform/closers.ts';
import { silentLogger } from '#platform/logger.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import {
  accountsOfLanes,
  batchesWaiting,
  batchSizes,
  holdHeads,
} from '#test/support/held-lanes.ts';
import {
  openDepositStream,
  openIntakeReplica,
  type DepositStream,
  type IntakeReplica,
} from '#test/support/intake-replica.ts';
import { LEAVE_OPEN } from '#test/support/memory-intake.ts';
import { until } from '#test/support/until.ts';
import type { BatchItem, Settle } from '../../../command-svc/batch-item.ts';
import { openBulkMode, type BatchSettings, type BulkMode } from '../../../command-svc/bulk-mode.ts';

const NORMAL: BatchSettings = {
  batchItemsMax: 10,
  batchTimeoutMs: 1_200,
  batchProcessors: 2,
  queueItemsMax: 40,
};
const BULK: BatchSettings = {
  batchItemsMax: 30,
  batchTimeoutMs: 20,
  batchProcessors: 4,
  queueItemsMax: 90,
};
const LEASE_MS = 60_000;
const PAUSE_SEEN_MS = 150;
const NAME = 'bulk-mode-test';

let databases: Databases;
let mode: BulkMode;
let replica: IntakeReplica;
/** One in each of six lanes. */
let accounts: string[];
let enqueued = 0;
let enqueuedBefore = 0;
let settled = 0;
/** Of those in the queue and in flight, whenever one was enqueued. */
let unsettledMax = 0;
let leases: string[] = [];
const closers = new Closers();

beforeAll(async () => {
  databases = await openDatabases();
  const options = { normal: NORMAL, bulk: BULK, streamLeaseMs: 10_000 };
  const names = { redisUrl: inject('stack').redisUrl, service: 'command-svc', instance: NAME };
  mode = openBulkMode({ ...options, ...names }, { closers, log: silentLogger });
  const partialProcessors = 8; // so that only the timeout and the processors tell
  replica = await openIntakeReplica(databases.eventStoreUrl('bank_command'), NAME, {
    limits: { partialProcessors },
    bulkMode: mode,
    around: (batcher) => ({
      tryEnqueue: (item) => {
        const taken = batcher.tryEnqueue({ ...item, origin: counted(item.origin) });
        if (taken) enqueued += 1;
        if (taken) unsettledMax = Math.max(unsettledMax, enqueued - settled);
        return taken;
      },
      tryEnqueueBarrier: (barrier) => batcher.tryEnqueueBarrier(barrier),
      whenRoom: (item) => batcher.whenRoom(item),
      stop: () => batcher.stop(),
    }),
  });
  accounts = accountsOfLanes(6);
  const opened = accounts.map((accountId) => ({ accountId, currencyCode: 'EUR' }));
  await replica.openAccounts({ submissionId: 'accounts', accounts: opened });
  await until('Redis', () =>
    mode.holdsLease(randomUUID()).then(
      () => true,
      () => false,
    ),
  );
});
beforeEach(() => {
  enqueuedBefore = enqueued;
});
afterEach(() => goNormal());
afterAll(async () => {
  await replica.close();
  await closers.closeAll();
  await databases.close();
});

describe.each([
  { column: 'normal', settings: NORMAL, enter: goNormal },
  { column: 'bulk', settings: BULK, enter: goBulk },
])('in $column mode', ({ settings, enter }) => {
  test(`a batch has up to ${settings.batchItemsMax} items`, async () => {
    await enter();
    const submissionId = randomUUID();
    const stream = await sendTo(accountAt(0), 180, submissionId);
    await stream.finish();
    const sizes = await batchSizes(databases, submissionId);
    expect(Math.max(...sizes)).toBe(settings.batchItemsMax);
    expect(sizes.length).toBe(180 / settings.batchItemsMax);
  });

  test(`a part of a batch waits up to ${settings.batchTimeoutMs} ms for company`, async () => {
    await enter();
    const release = await holdHeads(databases, [accountAt(0)]);
    const held = await sendTo(accountAt(0), 1);
    await batchesInFlight(1);
    const startedMs = performance.now();
    const stream = await sendTo(accountAt(1), 1);
    const receipt = await stream.finish();
    const waitedMs = performance.now() - startedMs;
    expect(receipt.accepted).toBe(1n);
    expect(waitedMs).toBeGreaterThan(settings.batchTimeoutMs * 0.9);
    expect(waitedMs).toBeLessThan(settings.batchTimeoutMs + 600);
    await release();
    await held.finish();
  });

  test(`${settings.batchProcessors} bulk batches are in flight, and no more`, async () => {
    await enter();
    const release = await holdHeads(databases, accounts);
    const streams = await Promise.all(
      accounts.map((accountId) => sendTo(accountId, settings.batchItemsMax)),
    );
    await batchesInFlight(settings.batchProcessors);
    await enqueuedAre(settings.batchItemsMax * accounts.length);
    expect(await batchesWaiting(databases, NAME)).toBe(settings.batchProcessors);
    await release();
    await Promise.all(streams.map((stream) => stream.finish()));
  });

  test(`a stream pauses when ${settings.queueItemsMax} items wait in its lane`, async () => {
    await enter();
    const release = await holdHeads(databases, [accountAt(0)]);
    const stream = await sendTo(accountAt(0), 200);
    await enqueuedAre(settings.batchItemsMax + settings.queueItemsMax);
    await release();
    expect((await stream.finish()).accepted).toBe(200n);
  });
});

describe('the change comes to what runs already', () => {
  test('more batches start beside those in flight', async () => {
    const release = await holdHeads(databases, accounts);
    const streams = await Promise.all(
      accounts.map((accountId) => sendTo(accountId, BULK.batchItemsMax)),
    );
    await batchesInFlight(NORMAL.batchProcessors);
    await goBulk();
    await batchesInFlight(BULK.batchProcessors);
    await release();
    await Promise.all(streams.map((stream) => stream.finish()));
  });

  test('a stream that had paused goes on, and pauses at the larger queue', async () => {
    const release = await holdHeads(databases, [accountAt(0)]);
    const stream = await sendTo(accountAt(0), 200);
    await enqueuedAre(NORMAL.batchItemsMax + NORMAL.queueItemsMax);
    await goBulk();
    await enqueuedAre(NORMAL.batchItemsMax + BULK.queueItemsMax);
    await release();
    expect((await stream.finish()).accepted).toBe(200n);
  });

  test('a queue that has become too long is worked off before it takes more', async () => {
    await goBulk();
    const release = await holdHeads(databases, [accountAt(0)]);
    const stream = await sendTo(accountAt(0), 200);
    await enqueuedAre(BULK.batchItemsMax + BULK.queueItemsMax);
    await goNormal();
    unsettledMax = 0;
    await release();
    expect((await stream.finish()).accepted).toBe(200n);
    expect(unsettledMax).toBeLessThanOrEqual(NORMAL.queueItemsMax + NORMAL.batchItemsMax);
  });
});

function counted(origin: BatchItem['origin']): BatchItem['origin'] {
  const settle: Settle = (outcome, item) => {
    settled += 1;
    origin.settle(outcome, item);
  };
  return { ...origin, settle };
}

async function goBulk(): Promise<void> {
  const lease = await mode.startBulkMode({ holder: NAME, reason: '' }, LEASE_MS);
  leases.push(lease?.id ?? '');
  await until('bulk mode', () => mode.isBulkMode());
}

async function goNormal(): Promise<void> {
  for (const id of leases) await mode.endBulkMode(id);
  leases = [];
  await until('normal mode', () => !mode.isBulkMode());
}

/** One message, whose items come as fast as the intake takes them. */
async function sendTo(
  accountId: string,
  count: number,
  submissionId = randomUUID(),
): Promise<DepositStream> {
  const stream = openDepositStream(replica, submissionId);
  const amount = { currencyCode: 'EUR', minorUnits: 1n };
  const item = { accountId, amount, operationId: '', reference: '', valueDate: '' };
  const deposits = Array.from({ length: count }, () => item);
  await stream.send({ deposits, options: LEAVE_OPEN });
  return stream;
}

/** They are enqueued, and for a while no more. */
async function enqueuedAre(count: number): Promise<void> {
  const counted = () => enqueued - enqueuedBefore;
  await until(`${count} items enqueued`, () => counted() >= count, {
    detail: () => `${counted()} are`,
  });
  await sleep(PAUSE_SEEN_MS);
  expect(counted()).toBe(count);
}

async function batchesInFlight(count: number): Promise<void> {
  await until(
    `${count} batches in flight`,
    async () => (await batchesWaiting(databases, NAME)) === count,
  );
}

function accountAt(place: number): string {
  const accountId = accounts[place];
  if (accountId === undefined) throw new RangeError(`no account ${place}`);
  return accountId;
}
