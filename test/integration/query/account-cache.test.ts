/**
 * The cache on a real Redis: never below the version asked for, never older than its time, never in
 * the way.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callFault } from '#client/call-fault.ts';
import { silentLogger } from '#platform/logger.ts';
import { createPool } from '#platform/postgres.ts';
import { closeRedis, createRedis, isReady } from '#platform/redis.ts';
import { counter } from '#platform/telemetry.ts';
import { sleep } from '#platform/waiting.ts';
import { until } from '#test/support/until.ts';
import { inject } from 'vitest';
import { createAccountCache } from '../../../query-svc/account-cache.ts';
import { createAccountReader } from '../../../query-svc/account-reader.ts';
import { readConfig } from '../../../query-svc/config.ts';
import { createProjectionWatch } from '../../../query-svc/projection-watch.ts';
import { readAccounts } from '../../../query-svc/sql/read-accounts.ts';
import { startQueryService, type QueryService } from './query-service.ts';

const failures = counter('bank.query.cache.failures', '', '');
const keyOf = (accountId: string) => `bank:balance:${accountId}`;

let service: QueryService;
beforeAll(async () => {
  service = await startQueryService({ BANK_QUERY_CACHE_TTL_MS: '60000' });
});
afterAll(() => service.close());

async function cached(version: number): Promise<string> {
  const accountId = await service.openAccount(version);
  // While the connection to Redis is not there yet, what is read is not kept.
  await until('the entry', async () => {
    await service.get(accountId);
    return (await service.redis.exists(keyOf(accountId))) === 1;
  });
  return accountId;
}

describe('an answer', () => {
  test('comes from the cache within its time', async () => {
    const accountId = await cached(1);
    await service.deposit(accountId, 2);
    expect((await service.get(accountId)).asOfVersion).toBe(1n);
  });

  test('is never below the version asked for', async () => {
    const accountId = await cached(1);
    await service.deposit(accountId, 2);
    expect((await service.get(accountId, 2n)).asOfVersion).toBe(2n);
    await until('the newer entry', async () => {
      const entry = await service.redis.get(keyOf(accountId));
      return entry?.startsWith('0000000000000000002');
    });
    expect((await service.get(accountId)).asOfVersion).toBe(2n);
  });

  test('is not used once the time of a hold has passed that it counts', async () => {
    const accountId = await service.openAccount(3);
    const { projectionStore } = service.databases;
    await projectionStore.query('update balances set held_minor = 150 where account_id = $1', [
      accountId,
    ]);
    await projectionStore.query(
      `insert into open_holds (account_id, hold_id, remaining_minor, expires_at)
       values ($1, $1, 50, now() + interval '1 hour'), ($1, $2, 100, null)`,
      [accountId, randomUUID()],
    );
    const held = async () => {
      const account = await service.get(accountId);
      return [account.held?.minorUnits, account.available?.minorUnits];
    };
    expect(await held()).toEqual([150n, 100n]);
    await until('the entry', async () => (await service.redis.exists(keyOf(accountId))) === 1);
    await projectionStore.query(
      `update open_holds set expires_at = now() - interval '1 second'
        where account_id = $1 and expires_at is not null`,
      [accountId],
    );
    expect(await held()).toEqual([150n, 100n]);
    // As if the hour were over.
    const entry = (await service.redis.get(keyOf(accountId))) ?? '';
    const later = entry.replace(/("nextExpiryMicros":)"\d+"/, '$1"1"');
    expect(later).not.toBe(entry);
    await service.redis.set(keyOf(accountId), later);
    expect(await held()).toEqual([100n, 150n]);
  });

  test('is right after Redis was flushed', async () => {
    const accountId = await cached(1);
    await service.deposit(accountId, 2);
    await service.redis.flushall();
    expect((await service.get(accountId)).asOfVersion).toBe(2n);
  });

  test.each([
    ['is no entry', async (key: string) => service.redis.set(key, 'nonsense')],
    ['is of another kind', async (key: string) => service.redis.lpush(key, 'a')],
  ])('is right when what Redis holds %s', async (_, plant) => {
    const accountId = await service.openAccount(3);
    await plant(keyOf(accountId));
    expect((await service.get(accountId)).asOfVersion).toBe(3n);
  });
});

describe('the cache', () => {
  const config = readConfig({
    BANK_PROJECTION_STORE_URL: 'postgres://nobody@127.0.0.1:1/none',
    BANK_REDIS_URL: inject('stack').redisUrl,
    BANK_QUERY_CACHE_TTL_MS: '400',
  });
  const redis = createRedis(config.redisUrl, 'cache', silentLogger);
  const cache = createAccountCache(redis, config, () => config.normal, silentLogger);
  beforeAll(() => until('the connection', () => isReady(redis)));
  afterAll(() => closeRedis(redis));

  const view = async (version: number) => {
    const accountId = await service.openAccount(version);
    const [found] = await readAccounts(service.databases.projectionStore, '', [accountId]);
    if (found === undefined) throw new Error('the account is not there');
    return found;
  };
  const held = async (accountId: string) => (await cache.get([accountId])).get(accountId)?.version;

  test('keeps the newer of two versions, whichever was written last', async () => {
    const newer = await view(3);
    cache.put([newer], Date.now());
    cache.put([{ ...newer, version: 2n }], Date.now());
    await until('the entry', async () => (await held(newer.accountId)) !== undefined);
    await sleep(20);
    expect(await held(newer.accountId)).toBe(3n);
  });

  test('does not take what was read longer ago than its time', async () => {
    const late = await view(1);
    cache.put([late], Date.now() - 500);
    await sleep(50);
    expect(await redis.exists(keyOf(late.accountId))).toBe(0);
  });

  test('does not use what was read longer ago, however late Redis took it', async () => {
    const late = await view(1);
    cache.put([late], Date.now());
    await until('the entry', async () => (await held(late.accountId)) !== undefined);
    await redis.persist(keyOf(late.accountId));
    await until('its end', async () => (await held(late.accountId)) === undefined, {
      timeoutMs: 2_000,
    });
    expect(await redis.exists(keyOf(late.accountId))).toBe(1);
  });
});

describe('without Redis', () => {
  let alone: QueryService;
  beforeAll(async () => {
    alone = await startQueryService({ BANK_REDIS_URL: 'redis://127.0.0.1:1' });
  });
  afterAll(() => alone.close());

  test('answers are right, and not slowed', async () => {
    const accountId = await alone.openAccount(1);
    const startedMs = performance.now();
    for (let version = 2; version <= 20; version++) {
      await alone.deposit(accountId, version);
      expect((await alone.get(accountId)).asOfVersion).toBe(BigInt(version));
    }
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });
});

test('a Redis that hangs is asked once, then left alone for a while, and counted', async () => {
  const accountId = await service.openAccount(1);
  const before = failures.total();
  await service.redis.call('client', 'pause', '1500', 'all');
  const startedMs = performance.now();
  for (let n = 0; n < 20; n++) expect((await service.get(accountId)).asOfVersion).toBe(1n);
  expect(performance.now() - startedMs).toBeLessThan(1_400);
  expect(failures.total()).toBeGreaterThan(before);
});

test('a projection store that does not answer is said to be unavailable', async () => {
  const config = readConfig({
    BANK_PROJECTION_STORE_URL: 'postgres://nobody@127.0.0.1:1/none',
    BANK_REDIS_URL: 'redis://127.0.0.1:1',
  });
  const db = createPool({
    url: config.projectionStoreUrl,
    applicationName: 'nobody',
    maxConnections: 1,
  });
  const cache = { get: () => Promise.resolve(new Map()), put: () => undefined };
  const watch = createProjectionWatch((ids) => readAccounts(db, '', ids), config, silentLogger);
  const reader = createAccountReader(db, cache, watch, config);
  const call = { signal: new AbortController().signal, deadlineAtMs: undefined };
  const read = reader.read(new Map([[randomUUID(), 0n]]), call);
  await expect(read).rejects.toMatchObject({
    code: 14,
    reason: 'PROJECTION_UNAVAILABLE',
    retryAfterMs: 1_000,
  });
  expect(callFault(await read.catch((error: unknown) => error)).mayRetry).toBe(false);
  watch.close();
  await db.end();
});
