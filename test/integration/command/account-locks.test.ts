/**
 * The locks of accounts when their Redis hangs, ends, or loses an answer: each is an outcome of its
 * own, and no account stays locked for the sake of a lock that nobody holds.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLogger } from '#platform/logger.ts';
import { closeRedis, createRedis, isReady } from '#platform/redis.ts';
import { startOwnRedis, type OwnRedis } from '#test/support/own-redis.ts';
import { portOf } from '#test/support/port-of.ts';
import { until } from '#test/support/until.ts';
import {
  createAccountLocks,
  newLockCounts,
  type AccountLocks,
  type HeldLock,
} from '../../../command-svc/account-locks.ts';

const LONG_MS = 60_000;
const PARTITION = 3;

let own: OwnRedis;
let proxy: LosingProxy;
let redis: Redis;
/** Of somebody who looks: not by the proxy. */
let direct: Redis;
let locks: AccountLocks;
let lines: string[];

beforeEach(async () => {
  own = await startOwnRedis();
  proxy = await startLosingProxy(Number(new URL(own.url).port));
  direct = new Redis(own.url);
  direct.on('error', () => undefined);
  lines = [];
  const write = (line: string): void => void lines.push(line);
  const log = createLogger({ service: 'test', instance: 'locks', level: 'warn', write });
  redis = createRedis(`redis://127.0.0.1:${proxy.port}`, 'locks', log);
  locks = createAccountLocks(redis, LONG_MS, log);
  await until('Redis', () => isReady(redis));
  (await acquired()).release(); // both scripts are known from here on
  await nothingIsLocked();
  Object.assign(locks.counts, newLockCounts());
});
afterEach(async () => {
  vi.restoreAllMocks();
  closeRedis(redis);
  direct.disconnect();
  proxy.close();
  await own.part.stop('SIGKILL');
});

describe('what became of a lock', () => {
  test('a Redis that is gone refuses nothing, and that it is gone is said once', async () => {
    await own.part.stop('SIGKILL');
    for (let batch = 1; batch <= 3; batch++) expect(await acquire()).toBe('unavailable');
    expect(locks.counts).toEqual({ ...newLockCounts(), unavailable: 3 });
    expect(lines.filter((line) => line.includes('does not answer for locks'))).toHaveLength(1);
  });

  test('a lock whose release is not answered has not expired', async () => {
    const lock = await acquired();
    await own.part.stop('SIGKILL');
    lock.release();
    await until('its outcome', () => locks.counts.unreleased + locks.counts.expired === 1);
    expect(locks.counts).toEqual({ ...newLockCounts(), acquired: 1, unreleased: 1 });
  });

  test('held elsewhere is refused, and what Redis has dropped has expired', async () => {
    const account = randomUUID();
    const lock = await acquired(account);
    expect(await acquire(account)).toBe('held');
    await direct.flushall();
    lock.release();
    await until('its outcome', () => locks.counts.expired === 1);
    expect(locks.counts).toEqual({ ...newLockCounts(), acquired: 1, refused: 1, expired: 1 });
  });
});

describe('a lock that nobody holds is unlocked', () => {
  test('when Redis granted it after its acquire was given up', async () => {
    own.part.pause();
    const attempt = await acquire().finally(() => own.part.resume());
    expect(attempt).toBe('unavailable');
    await nothingIsLocked();
  });

  test('when the answer was lost with the connection', async () => {
    proxy.loseAnswer('account:');
    expect(await acquire()).toBe('unavailable');
    await nothingIsLocked();
    expect(locks.counts).toEqual({ ...newLockCounts(), unavailable: 1 });
  });

  test('when the connection was lost while it was held', async () => {
    const lock = await acquired();
    const closed = once(redis, 'close');
    await direct.call('client', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await closed;
    lock.release();
    await nothingIsLocked();
  });

  test('when its life was over before it was answered, by a clock that does not jump', async () => {
    const now = performance.now.bind(performance);
    const asking = acquire();
    vi.spyOn(performance, 'now').mockImplementation(() => now() + LONG_MS);
    expect(await asking).toBe('held');
    await nothingIsLocked();
    expect(locks.counts).toEqual({ ...newLockCounts(), expired: 1 });
  });
});

const acquire = (account: string = randomUUID()) => locks.acquire(PARTITION, new Set([account]));

async function acquired(account?: string): Promise<HeldLock> {
  const attempt = await acquire(account);
  if (typeof attempt === 'string') throw new Error(attempt);
  return attempt;
}

/** Long before their time is over. */
async function nothingIsLocked(): Promise<void> {
  await until('the unlock', async () => isReady(redis) && (await direct.dbsize()) === 0);
}

type LosingProxy = { port: number; loseAnswer(text: string): void; close(): void };

/** Cuts the caller off as soon as Redis has got what holds the text. */
async function startLosingProxy(redisPort: number): Promise<LosingProxy> {
  let lost: string | undefined;
  const listener: Server = createServer((client) => {
    const server = connect(redisPort, '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.on('close', () => server.end());
    server.on('close', () => client.destroy());
    server.on('data', (data) => client.write(data));
    client.on('data', (data) => {
      server.write(data);
      if (lost === undefined || !data.includes(lost)) return;
      lost = undefined;
      client.destroy();
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: portOf(listener),
    loseAnswer: (text) => (lost = text),
    close: () => void listener.close(),
  };
}
