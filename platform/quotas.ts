/**
 * How much an authenticated caller has asked for, by its tenant and subject: requests and items a
 * second over all replicas, counted in Redis (and by each replica alone while Redis is away), and
 * streams at once of this replica. A call too many is refused with a time to come back; an upload's
 * items wait instead.
 */
import { status } from '@grpc/grpc-js';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Redis } from 'ioredis';
import { asksWho, type AuthSettings } from './auth-settings.ts';
import type { Admit } from './auth-guard.ts';
import type { Caller } from './caller.ts';
import { refusal, type RpcError } from './grpc-errors.ts';
import type { ServiceContext } from './lifecycle.ts';
import type { QuotaLimits } from './quota-limits.ts';
import { closeRedis, createRedis } from './redis.ts';
import { countRefused } from './server-refusals.ts';
import { sleep } from './waiting.ts';

export type ItemQuota = {
  /**
   * Resolves when there is room for them; throws QUOTA_EXCEEDED when there is none for long.
   * `check` throws once nobody waits any more: then no more of the share is taken.
   */
  wait(caller: Caller, items: number, check?: () => void): Promise<void>;
  /** Throws QUOTA_EXCEEDED at once. */
  take(caller: Caller, items: number): Promise<void>;
};

export type Quotas = { readonly admit: Admit; readonly items: ItemQuota };

type QuotaSettings = {
  readonly auth: AuthSettings;
  readonly quotas: QuotaLimits;
  readonly redisUrl: string;
};

const WINDOW_S = 1;
const WAIT_MS_MAX = 60_000;
const STREAMS_RETRY_MS = 1_000;

/** undefined: callers are nobody in particular. */
export function quotasOf(
  { auth, quotas, redisUrl }: QuotaSettings,
  { closers, log }: Pick<ServiceContext, 'closers' | 'log'>,
): Quotas | undefined {
  if (!asksWho(auth)) return undefined;
  const redis = createRedis(redisUrl, 'quotas', log);
  closers.add('quotas', () => closeRedis(redis));
  return openQuotas(quotas, redis);
}

export function openQuotas(limits: QuotaLimits, redis: Redis): Quotas {
  const requests = createRate(redis, 'requests', limits.requestsPerSecond);
  const items = createRate(redis, 'items', limits.itemsPerSecond);
  const streams = new Map<string, number>();
  const openStream = (key: string): (() => void) => {
    const open = streams.get(key) ?? 0;
    if (limits.streamsMax > 0 && open >= limits.streamsMax) {
      throw exceeded('streams', `${limits.streamsMax} streams at once`, STREAMS_RETRY_MS);
    }
    streams.set(key, open + 1);
    return () => {
      const left = (streams.get(key) ?? 1) - 1;
      if (left > 0) streams.set(key, left);
      else streams.delete(key);
    };
  };
  return {
    async admit(caller, isStream) {
      const key = keyOf(caller);
      const lateMs = await requests.take(key, 1);
      if (lateMs > 0) {
        throw exceeded('requests', `${limits.requestsPerSecond} requests a second`, lateMs);
      }
      return isStream ? openStream(key) : undefined;
    },
    items: itemQuota(items, limits.itemsPerSecond),
  };
}

function itemQuota(rate: Rate, perSecond: number): ItemQuota {
  const tooMany = (lateMs: number): RpcError =>
    exceeded('items', `${perSecond} items a second`, lateMs);
  return {
    async wait(caller, items, check) {
      const key = keyOf(caller);
      const endMs = performance.now() + WAIT_MS_MAX;
      if (perSecond === 0) return;
      for (let left = items; left > 0;) {
        check?.();
        const piece = Math.min(left, perSecond); // of a message that is more than a second's share
        const lateMs = await rate.take(key, piece);
        if (lateMs === 0) left -= piece;
        else if (performance.now() + lateMs > endMs) throw tooMany(lateMs);
        else await sleep(lateMs);
      }
    },
    async take(caller, items) {
      const lateMs = await rate.take(keyOf(caller), Math.min(items, Math.max(perSecond, 1)));
      if (lateMs > 0) throw tooMany(lateMs);
    },
  };
}

type Rate = {
  /** 0: taken; else there is no room, and there may be in so many milliseconds. */
  take(key: string, points: number): Promise<number>;
};

function createRate(redis: Redis, name: string, perSecond: number): Rate {
  if (perSecond === 0) return { take: () => Promise.resolve(0) };
  const options = { points: perSecond, duration: WINDOW_S, keyPrefix: `bank:quota:${name}` };
  const limiter = new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory(options),
    // Who has used its share up is not asked for in Redis any more.
    inMemoryBlockOnConsumed: perSecond + 1,
  });
  return {
    async take(key, points) {
      try {
        await limiter.consume(key, points);
        return 0;
      } catch (rejected) {
        if (rejected instanceof RateLimiterRes) return Math.max(1, rejected.msBeforeNext);
        throw rejected;
      }
    },
  };
}

/** No tenant has a slash. */
function keyOf({ tenant, subject }: Caller): string {
  return `${tenant}/${subject}`;
}

function exceeded(limit: string, share: string, retryAfterMs: number): RpcError {
  countRefused(`quota_${limit}`);
  const message = `the caller's share is used up: ${share}`;
  return refusal(status.RESOURCE_EXHAUSTED, 'QUOTA_EXCEEDED', message, { retryAfterMs });
}
