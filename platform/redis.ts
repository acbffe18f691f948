// Clients of Redis. None of them queues commands while Redis is away or sends one again after a
// reconnect: a lock that is taken late is no lock, and a late answer of a cache is worth nothing. A
// command fails at once or after its time-out; the client goes on reconnecting by itself, and says
// once when Redis goes and comes back.
import { Redis } from 'ioredis';
import { keepStringsFast } from './fast-strings.ts';
import type { Logger } from './logger.ts';
import { redisConnection } from './redis-connection.ts';
import { backoffMs } from './waiting.ts';

export type RedisRole = keyof typeof COMMAND_TIMEOUT_MS;

const COMMAND_TIMEOUT_MS = {
  locks: 500,
  cache: 200,
  leases: 500,
  notices: 500,
  quotas: 200,
} as const;
const CONNECT_TIMEOUT_MS = 2000;
const RECONNECT = { firstMs: 50, maxMs: 1000 } as const;
const KEEP_ALIVE_MS = 10_000;

export function createRedis(text: string, role: RedisRole, log: Logger): Redis {
  keepStringsFast(); // ioredis makes them slow
  const { url, tls } = redisConnection(text);
  const redis = new Redis(url, {
    ...tls,
    connectionName: `bank-${role}`,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS[role],
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    autoResubscribe: false,
    enableAutoPipelining: role === 'locks', // many lanes lock and unlock in one tick
    retryStrategy: (times) => backoffMs(RECONNECT, times),
  });
  sayWhenAwayAndBack(redis, role, log);
  return redis;
}

/** Whether a command sent now would reach Redis. */
export function isReady(redis: Redis): boolean {
  return redis.status === 'ready';
}

/** Closes without waiting for Redis. */
export function closeRedis(redis: Redis): void {
  redis.disconnect();
}

function sayWhenAwayAndBack(redis: Redis, role: RedisRole, log: Logger): void {
  let away = false;
  redis.on('error', (error: Error) => {
    if (away) return;
    away = true;
    log.warn('Redis is out of reach; trying again until it is back.', { role, err: error });
  });
  redis.on('ready', () => {
    if (away) log.info('Redis is back.', { role });
    away = false;
  });
}
