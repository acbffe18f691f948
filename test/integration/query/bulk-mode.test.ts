/** What bulk mode changes in query-svc: its cache is neither read nor written, and comes back. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  connected,
  openBareReplica,
  serviceIs,
  type BareReplica,
} from '#test/support/mode-replica.ts';
import { until } from '#test/support/until.ts';
import { startQueryService, type QueryService } from './query-service.ts';

const LEASE_MS = 60_000;

let service: QueryService;
let bare: BareReplica;
beforeAll(async () => {
  service = await startQueryService({ BANK_QUERY_CACHE_TTL_MS: '60000' });
  bare = openBareReplica(inject('stack').redisUrl);
  await connected(bare);
});
afterAll(async () => {
  await service.close();
  await bare.close();
});

const cachedVersion = async (accountId: string): Promise<number | undefined> => {
  const entry = await service.redis.get(`bank:balance:${accountId}`);
  return entry === null ? undefined : Number(entry.slice(0, 19));
};
const seen = async (accountId: string): Promise<bigint> =>
  (await service.get(accountId)).asOfVersion;

/** Reads of the cache, as Redis counts them. */
async function cacheReads(): Promise<number> {
  const stats = await service.redis.info('commandstats');
  return Number(/cmdstat_mget:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

test('the cache is used in normal mode, left alone in bulk mode, used again after', async () => {
  const accountId = await service.openAccount(1);
  await seen(accountId);
  await until('the entry', async () => (await cachedVersion(accountId)) === 1);
  await service.deposit(accountId, 2);
  expect(await seen(accountId)).toBe(1n);
  const before = await cacheReads();
  expect(before).toBeGreaterThan(0);

  const leaseId = randomUUID();
  await bare.leases.take(leaseId, { holder: 'a test', reason: '' }, LEASE_MS);
  await serviceIs(bare, 'query-svc', true);
  const unread = await service.openAccount(1);
  for (let n = 0; n < 20; n++) {
    expect(await seen(accountId)).toBe(2n);
    expect(await seen(unread)).toBe(1n);
  }
  expect(await cacheReads()).toBe(before);
  expect(await cachedVersion(accountId)).toBe(1);

  await bare.leases.end(leaseId);
  await serviceIs(bare, 'query-svc', false);
  expect(await cachedVersion(unread)).toBeUndefined();
  expect(await seen(accountId)).toBe(1n);
  await seen(unread);
  await until('the new entry', async () => (await cachedVersion(unread)) === 1);
});
