/**
 * Accounts in Redis, for at most the configured time. Redis is never needed and never trusted
 * further than this:
 * - an entry says its version, and is used only when that reaches what the caller asks for;
 * - it says when it was read, and is not used when that is longer ago than the time allows, however
 *   late Redis took it; a late write of an older version does not replace a newer one (compared
 *   inside Redis);
 * - its times are wall clocks of replicas, of which one may be ahead or jump: an entry that was
 *   read in the future is not used either, so that none is used for longer than its time and the
 *   replicas' difference;
 * - any failure is counted and means reading from PostgreSQL; after one, nobody asks Redis for a
 *   moment.
 */
import type { Redis } from 'ioredis';
import type { Logger } from '#platform/logger.ts';
import { isReady } from '#platform/redis.ts';
import { counter } from '#platform/telemetry.ts';
import { decodeEntry, encodeEntry, VERSION_DIGITS } from './account-cache-entry.ts';
import type { AccountView } from './account-view.ts';
import type { CacheSettings, QueryConfig } from './config.ts';

export type AccountCache = {
  /** Those of the accounts that are cached and young enough. Never rejects. */
  get(accountIds: readonly string[]): Promise<Map<string, AccountView>>;
  /** Takes what was read from PostgreSQL at `readAtMs`. Does not wait, never throws. */
  put(views: readonly AccountView[], readAtMs: number): void;
};

/** Entries begin with their versions; the last argument is how long they stay, in milliseconds. */
const KEEP_NEWEST = `
for i, key in ipairs(KEYS) do
  local stored = redis.call('GETRANGE', key, 0, VERSION_END)
  if stored <= string.sub(ARGV[i], 1, VERSION_END + 1) then
    redis.call('SET', key, ARGV[i], 'PX', ARGV[#ARGV])
  end
end`.replaceAll('VERSION_END', String(VERSION_DIGITS - 1));

const failures = counter(
  'bank.query.cache.failures',
  'Commands that the read cache did not answer.',
  '{command}',
);

const lookUps = counter(
  'bank.query.cache.lookups',
  'Accounts that the read cache was asked for: hit (there, and young enough) or miss; off: it is ' +
    'not asked, in bulk mode or without Redis.',
  '{account}',
  ['outcome'],
);

/** `settings` are asked for at each use: bulk mode changes them. */
export function createAccountCache(
  redis: Redis,
  { cachePauseMs, cacheWritesMax }: Pick<QueryConfig, 'cachePauseMs' | 'cacheWritesMax'>,
  settings: () => CacheSettings,
  log: Logger,
): AccountCache {
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let writes = 0;
  const usable = (cacheTtlMs: number) =>
    cacheTtlMs > 0 && isReady(redis) && performance.now() >= pausedUntilMs;
  const onFailure = (error: unknown) => {
    failures.add(1);
    pausedUntilMs = performance.now() + cachePauseMs;
    log.debug('The read cache did not answer; reading from the projection store.', { err: error });
  };
  const write = async (views: readonly AccountView[], readAtMs: number, leftMs: number) => {
    const keys = views.map(({ accountId }) => keyOf(accountId));
    const entries = views.map((view) => encodeEntry(view, readAtMs));
    await redis.eval(KEEP_NEWEST, keys.length, ...keys, ...entries, leftMs);
  };
  return {
    get: async (accountIds) => {
      const found = new Map<string, AccountView>();
      const { cacheTtlMs } = settings();
      if (!usable(cacheTtlMs)) {
        lookUps.add(accountIds.length, { outcome: 'off' });
        return found;
      }
      try {
        const nowMs = Date.now();
        for (const text of await redis.mget(accountIds.map(keyOf))) {
          const entry = text === null ? undefined : decodeEntry(text);
          if (entry === undefined || !isYoung(entry.readAtMs, nowMs, cacheTtlMs)) continue;
          found.set(entry.view.accountId, entry.view);
        }
      } catch (error) {
        onFailure(error);
      }
      noteLookUps(found.size, accountIds.length);
      return found;
    },
    put: (views, readAtMs) => {
      const { cacheTtlMs } = settings();
      const leftMs = Math.min(cacheTtlMs, Math.floor(readAtMs + cacheTtlMs - Date.now()));
      if (!usable(cacheTtlMs) || leftMs <= 0) return;
      const taken = views.slice(0, cacheWritesMax - writes);
      if (taken.length === 0) return;
      writes += taken.length;
      write(taken, readAtMs, leftMs)
        .catch(onFailure)
        .finally(() => (writes -= taken.length));
    },
  };
}

function noteLookUps(hits: number, asked: number): void {
  if (hits > 0) lookUps.add(hits, { outcome: 'hit' });
  if (hits < asked) lookUps.add(asked - hits, { outcome: 'miss' });
}

/** Clocks of replicas differ by a little: that much ahead is not taken for a jump. */
const CLOCKS_DIFFER_MS = 1_000;

function isYoung(readAtMs: number, nowMs: number, ttlMs: number): boolean {
  return readAtMs >= nowMs - ttlMs && readAtMs <= nowMs + CLOCKS_DIFFER_MS;
}

function keyOf(accountId: string): string {
  return `bank:balance:${accountId}`;
}
