/**
 * Redis is emptied while a bulk stream goes on: the lease comes back at the next poll. It hangs
 * while a caller asks for a lease: none is left that nobody knows of.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Closers } from '#platform/closers.ts';
import { EntriesUnavailableError } from '#platform/expiring-entries.ts';
import { LEASED_MODE } from '#platform/leased-mode.ts';
import { silentLogger } from '#platform/logger.ts';
import { startOwnRedis, type OwnRedis } from '#test/support/own-redis.ts';
import { until } from '#test/support/until.ts';
import { openBulkMode, type BulkMode } from '../../../command-svc/bulk-mode.ts';

const SETTINGS = { batchItemsMax: 1, batchTimeoutMs: 1, batchProcessors: 1, queueItemsMax: 1 };
/** Its own renewal comes far too late to help. */
const STREAM_LEASE_MS = 60_000;
/** The poll that finds it gone, and time to take it. */
const BACK_WITHIN_MS = LEASED_MODE.pollMs + 500;

let own: OwnRedis;
let redis: Redis;
beforeAll(async () => {
  own = await startOwnRedis();
  redis = new Redis(own.url);
});
afterAll(async () => {
  redis.disconnect();
  await own.part.stop();
});

test('the lease of the bulk streams that Redis has lost is taken again at once', async () => {
  const { mode, close } = open();
  const end = mode.holdStream();
  try {
    await until('bulk mode', () => mode.isBulkMode());
    for (let flush = 0; flush < 3; flush++) {
      await redis.flushall();
      const isBack = async () => (await mode.leases.list()).length === 1 && mode.isBulkMode();
      await until('the lease is back', isBack, { timeoutMs: BACK_WITHIN_MS });
    }
    end();
    await until('it ends with the stream', () => !mode.isBulkMode());
    expect(await mode.leases.list()).toEqual([]);
  } finally {
    end();
    await close();
  }
});

test('a lease that Redis takes after its caller was told of no answer is ended', async () => {
  const { mode, close } = open();
  try {
    await until('Redis', () => mode.leases.list().then(Boolean, () => false));
    own.part.pause();
    const asking = mode.startBulkMode({ holder: 'payroll', reason: '' }, STREAM_LEASE_MS);
    const asked = asking.finally(() => own.part.resume());
    await expect(asked).rejects.toThrow(EntriesUnavailableError);
    expect(await mode.leases.list()).toEqual([]); // answered after all that was asked before
  } finally {
    await close();
  }
});

function open(): { mode: BulkMode; close: () => Promise<unknown> } {
  const closers = new Closers();
  const mode = openBulkMode(
    {
      redisUrl: own.url,
      service: 'command-svc',
      instance: 'flushed',
      normal: SETTINGS,
      bulk: SETTINGS,
      streamLeaseMs: STREAM_LEASE_MS,
    },
    { closers, log: silentLogger },
  );
  return { mode, close: () => closers.closeAll() };
}
