/** Leases on a real Redis: how they end, what bounds them, and what is said without Redis. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createExpiringEntries, EntriesUnavailableError } from '#platform/expiring-entries.ts';
import { createLeases, type Leases } from '#platform/leases.ts';
import { silentLogger } from '#platform/logger.ts';
import { closeRedis, createRedis, isReady } from '#platform/redis.ts';
import { until } from '#test/support/until.ts';

const redis = createRedis(inject('stack').redisUrl, 'leases', silentLogger);
const TEXT = { holder: 'payroll', reason: 'March' };
const LONG_MS = 60_000;
let leases: Leases;

beforeAll(async () => {
  await until('the connection', () => isReady(redis));
  leases = createLeases(redis, `test:{${randomUUID()}}`);
});
afterAll(() => closeRedis(redis));

const ids = async (): Promise<string[]> => (await leases.list()).map(({ id }) => id);

describe('a lease', () => {
  test('says who holds it and what for, and when it ends by the clock of Redis', async () => {
    const [seconds] = await redis.time();
    const lease = await leases.take('a', TEXT, LONG_MS);
    if (lease === undefined) throw new Error('no lease');
    expect(lease).toMatchObject({ id: 'a', ...TEXT });
    const restMs = lease.endsAtMs - Number(seconds) * 1000;
    expect(restMs).toBeGreaterThanOrEqual(LONG_MS);
    expect(restMs).toBeLessThan(LONG_MS + 3_000);
    expect(await leases.list()).toEqual([lease]);
    expect(await leases.holds('a')).toBe(true);
    expect((await leases.standing()).restMs).toBeGreaterThan(LONG_MS - 3_000);
  });

  test('ends when its holder says so, and ending it again changes nothing', async () => {
    await leases.take('b', TEXT, LONG_MS);
    expect(await leases.end('a')).toBe(1);
    expect(await leases.end('a')).toBe(1);
    expect(await ids()).toEqual(['b']);
    expect(await leases.end('b')).toBe(0);
    expect((await leases.standing()).restMs).toBe(0);
    expect(await leases.holds('b')).toBe(false);
  });

  test('ends by itself, and is not renewed any more then', async () => {
    await leases.take('short', TEXT, 80);
    await leases.take('long', TEXT, LONG_MS);
    expect(await ids()).toEqual(['short', 'long']);
    await until('its end', async () => !(await leases.holds('short')), { timeoutMs: 2_000 });
    expect(await leases.renew('short', LONG_MS)).toBeUndefined();
    expect(await ids()).toEqual(['long']);
    await leases.end('long');
  });

  test('lives on when it is renewed, from now on for the time that is given', async () => {
    await leases.take('c', TEXT, 100);
    const renewed = await leases.renew('c', LONG_MS);
    expect(renewed).toMatchObject({ id: 'c', ...TEXT });
    expect((await leases.standing()).restMs).toBeGreaterThan(LONG_MS - 3_000);
    await leases.renew('c', 50);
    await until('its end', async () => (await leases.standing()).restMs === 0, {
      timeoutMs: 2_000,
    });
  });
});

test('as many entries as may be, and one that is there may still be set anew', async () => {
  const entries = createExpiringEntries(redis, `test:{${randomUUID()}}`, 2);
  await entries.put('a', 'x', LONG_MS);
  await entries.put('b', 'x', 60);
  expect(await entries.put('c', 'x', LONG_MS)).toBeUndefined();
  expect(await entries.put('a', 'y', LONG_MS)).toMatchObject({ text: 'y' });
  await until('room', async () => (await entries.put('c', 'z', LONG_MS)) !== undefined);
  expect((await entries.list()).map(({ text }) => text)).toEqual(['y', 'z']);
});

test('without Redis every operation says so', async () => {
  const away = createRedis('redis://127.0.0.1:1', 'leases', silentLogger);
  const without = createLeases(away, 'test:{none}');
  await expect(without.take('a', TEXT, LONG_MS)).rejects.toThrow(EntriesUnavailableError);
  await expect(without.end('a')).rejects.toThrow(EntriesUnavailableError);
  await expect(without.list()).rejects.toThrow(EntriesUnavailableError);
  closeRedis(away);
});
