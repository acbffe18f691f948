/** Leases on a real Redis: how they end, what bounds them, and what is said without Redis. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createExpiringEntries, EntriesUnavailableError } from '#platform/expiring-entries.ts';
import { createLeases, LEASE_LIFE_MAX_MS, type Leases } from '#platform/leases.ts';
import { createLogger, silentLogger } from '#platform/logger.ts';
import { closeRedis, createRedis, isReady } from '#platform/redis.ts';
import { createReplicaReports } from '#platform/replica-reports.ts';
import { until } from '#test/support/until.ts';

const redis = createRedis(inject('stack').redisUrl, 'leases', silentLogger);
const TEXT = { holder: 'payroll', reason: 'March' };
const LONG_MS = 60_000;
let leases: Leases;

beforeAll(async () => {
  await until('the connection', () => isReady(redis));
  leases = createLeases(redis, `test:{${randomUUID()}}`, silentLogger);
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
  const entries = createExpiringEntries(redis, `test:{${randomUUID()}}`, {
    entriesMax: 2,
    lifeMaxMs: LONG_MS,
  });
  await entries.put('a', 'x', LONG_MS);
  await entries.put('b', 'x', 60);
  expect(await entries.put('c', 'x', LONG_MS)).toBeUndefined();
  expect(await entries.put('a', 'y', LONG_MS)).toMatchObject({ text: 'y' });
  await until('room', async () => (await entries.put('c', 'z', LONG_MS)) !== undefined);
  expect((await entries.list()).map(({ text }) => text)).toEqual(['y', 'z']);
});

describe('what another version or a hand has left', () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = createLogger({ service: 'test', instance: 'a', level: 'info', write });
  const keys = `test:{${randomUUID()}}`;
  const plant = async (kind: string, id: string, text: string | undefined, restMs: number) => {
    const [seconds] = await redis.time();
    await redis.zadd(`${keys}:${kind}:ends`, Number(seconds) * 1000 + restMs, id);
    if (text !== undefined) await redis.hset(`${keys}:${kind}:texts`, id, text);
  };

  test('hides no lease, is said once, and stands for its time', async () => {
    const own = createLeases(redis, keys, log);
    await plant('leases', 'garbage', 'garbage', LONG_MS);
    await plant('leases', 'newer@a@ann', '{"holders":["payroll"]}', LONG_MS);
    await plant('leases', 'lost', undefined, LONG_MS);
    await own.take('own', TEXT, LONG_MS);
    for (let asked = 0; asked < 3; asked++) {
      expect(await own.list()).toMatchObject([{ id: 'own', ...TEXT }]);
    }
    expect(lines).toMatchObject([expect.stringContaining('cannot be read')]);
    expect((await own.standing()).count).toBe(4);
    expect(await own.holds('lost')).toBe(true);
    expect(await own.renew('newer@a@ann', LONG_MS)).toMatchObject({ holder: '', reason: '' });
    for (const id of ['newer@a@ann', 'lost', 'own']) await own.end(id);
    await own.renew('garbage', 50);
    await until('its end', async () => (await own.standing()).count === 0, { timeoutMs: 2_000 });
  });

  test('ends within the longest time that a lease may last, whatever it says', async () => {
    const own = createLeases(redis, keys, log);
    for (const [n, restMs] of [2 * LEASE_LIFE_MAX_MS, 1e15, Infinity].entries()) {
      await plant('leases', `far-${n}`, JSON.stringify(TEXT), restMs);
      const { count, restMs: seenMs } = await own.standing();
      expect(count).toBe(1);
      expect(seenMs).toBe(LEASE_LIFE_MAX_MS);
      expect(await own.list()).toMatchObject([TEXT]);
      await own.end(`far-${n}`);
    }
  });

  test('hides no report', async () => {
    const reports = createReplicaReports(redis, keys, log);
    const report = { service: 'bare', instance: 'a', isOn: true, settings: { batch_items_max: 1 } };
    await plant('replicas', 'garbage', '[]', LONG_MS);
    await plant(
      'replicas',
      'newer',
      JSON.stringify({ ...report, settings: { part: 0.5 } }),
      LONG_MS,
    );
    await reports.write(report, LONG_MS);
    expect(await reports.list()).toEqual([report]);
  });
});

test('without Redis every operation says so', async () => {
  const away = createRedis('redis://127.0.0.1:1', 'leases', silentLogger);
  const without = createLeases(away, 'test:{none}', silentLogger);
  await expect(without.take('a', TEXT, LONG_MS)).rejects.toThrow(EntriesUnavailableError);
  await expect(without.end('a')).rejects.toThrow(EntriesUnavailableError);
  await expect(without.list()).rejects.toThrow(EntriesUnavailableError);
  closeRedis(away);
});
