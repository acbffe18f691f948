/**
 * Accounts in Redis, for at most the configured time. Redis is never needed and never trusted
 * further than this:
 * - an entry says its version, and is used only when that reaches what the caller asks for;
 * - it says when it was read, and is not used when that is longer ago than the time allows, however
 *   late Redis took it; a late write of an older version does not replace a newer one (compared
 *   inside Redis);
 * - any failure is counted and means reading from PostgreSQL; after one, nobody asks Redis for a
 *   moment.
 */
import type { Redis } from 'ioredis';
import type { Logger } from '#platform/logger.ts';
import { isReady } from '#platform/redis.ts';
import { counter } from '#platform/telemetry.ts';
import { decodeEntry, encodeEntry, paddedVersion } from './account-cache-entry.ts';
import type { AccountView } from './account-view.ts';
import type { CacheSettings, QueryConfig } from './config.ts';

export type AccountCache = {
  /** Those of the accounts that are cached and young enough. Never rejects. */
  get(accountIds: readonly string[]): Promise<Map<string, AccountView>>;
  /** Takes what was read from PostgreSQL at `readAtMs`. Does not wait, never throws. */
  put(views: Iterable<AccountView>, readAtMs: number): void;
};

const KEEP_NEWEST = `
local stored = redis.call('GET', KEYS[1])
if stored and string.sub(stored, 1, #ARGV[1]) > ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

const failures = counter(
  'bank.query.cache.failures',
  'Commands that the read cache did not answer.',
);

/** `settings` are asked for at each use: bulk mode changes them. */
export function createAccountCache(
  redis: Redis,
  { cachePauseMs, cacheWritesMax }: Pick<QueryConfig, 'cachePauseMs' | 'cacheWritesMax'>,
  settings: () => CacheSettings,
  log: Logger,
): AccountCache {
  let pausedUntilMs = 0;
  let writes = 0;
  const usable = (cacheTtlMs: number) =>
    cacheTtlMs > 0 && isReady(redis) && Date.now() >= pausedUntilMs;
  const onFailure = (error: unknown) => {
    failures.add(1);
    pausedUntilMs = Date.now() + cachePauseMs;
    log.debug('The read cache did not answer; reading from the projection store.', { err: error });
  };
  const write = async (view: AccountView, readAtMs: number, leftMs: number) => {
    const version = paddedVersion(view.version);
    const entry = encodeEntry(view, readAtMs);
    await redis.eval(KEEP_NEWEST, 1, keyOf(view.accountId), version, entry, leftMs);
  };
  return {
    get: async (accountIds) => {
      const found = new Map<string, AccountView>();
      const { cacheTtlMs } = settings();
      if (!usable(cacheTtlMs)) return found;
      try {
        const oldestMs = Date.now() - cacheTtlMs;
        for (const text of await redis.mget(accountIds.map(keyOf))) {
          const entry = text === null ? undefined : decodeEntry(text);
          if (entry === undefined || entry.readAtMs < oldestMs) continue;
          found.set(entry.view.accountId, entry.view);
        }
      } catch (error) {
        onFailure(error);
      }
      return found;
    },
    put: (views, readAtMs) => {
      const { cacheTtlMs } = settings();
      for (const view of views) {
        const leftMs = Math.floor(readAtMs + cacheTtlMs - Date.now());
        if (!usable(cacheTtlMs) || leftMs <= 0 || writes >= cacheWritesMax) return;
        writes++;
        write(view, readAtMs, leftMs)
          .catch(onFailure)
          .finally(() => writes--);
      }
    },
  };
}

function keyOf(accountId: string): string {
  return `bank:balance:${accountId}`;
}
