/**
 * Step 1 of a batch, lock: one redlock acquire for all accounts of the batch, all or nothing, no
 * retry.
 *
 * While it is held no other replica decides on these accounts, so replicas prepare batches of one
 * partition side by side and what they prepared stands. It is not what makes an append safe:
 * without Redis, or with a lock that expired, a batch is right all the same, only slower.
 */
import type { Redis } from 'ioredis';
import Redlock from 'redlock';
import type { Logger } from '#platform/logger.ts';
import { LOCKS_PAUSE_MS } from './bounds.ts';

/** "held": an account is, by somebody else. "unavailable": Redis is out of reach. */
export type LockAttempt = HeldLock | 'held' | 'unavailable';

export type AccountLocks = {
  acquire(partition: number, accountIds: Iterable<string>): Promise<LockAttempt>;
  /**
   * Which of the accounts are locked right now, by whoever it is; undefined when Redis is out of
   * reach.
   */
  heldElsewhere(
    partition: number,
    accountIds: ReadonlySet<string>,
  ): Promise<ReadonlySet<string> | undefined>;
  readonly counts: LockCounts;
};

export type HeldLock = {
  /** Answers at once; Redis hears of it before it hears of this process' next acquire. */
  release(): void;
};

export type LockCounts = {
  acquired: number;
  refused: number;
  unavailable: number;
  expired: number;
  /** Items put off because their account was held. */
  deferred: number;
  /** Batches that went on without locks because an item had been put off too often. */
  overdue: number;
};

export function newLockCounts(): LockCounts {
  return { acquired: 0, refused: 0, unavailable: 0, expired: 0, deferred: 0, overdue: 0 };
}

/** By how much Redis' clock may run faster than ours. */
const CLOCK_DRIFT = 0.01;

const NOTHING_TO_LOCK: HeldLock = { release: () => undefined };

export function createAccountLocks(redis: Redis, ttlMs: number, log: Logger): AccountLocks {
  const redlock = new Redlock([redlockClient(redis)], { retryCount: 0 });
  const counts = newLockCounts();
  let askAgainMs = 0;
  const isUnavailable = (): boolean => performance.now() < askAgainMs;
  redlock.on('clientError', () => {
    counts.unavailable += 1;
    askAgainMs = performance.now() + LOCKS_PAUSE_MS;
  });
  return {
    counts,
    async acquire(partition, accountIds) {
      const keys = Array.from(accountIds, (id) => keyOf(partition, id));
      if (keys.length === 0) return NOTHING_TO_LOCK;
      if (isUnavailable()) return 'unavailable';
      const lock = await tryLock(redlock, keys, ttlMs, counts);
      if (lock === undefined) return isUnavailable() ? 'unavailable' : 'held';
      counts.acquired += 1;
      return heldLock(lock, counts, log);
    },
    async heldElsewhere(partition, accountIds) {
      const ids = [...accountIds];
      try {
        const values = await redis.mget(ids.map((id) => keyOf(partition, id)));
        return new Set(ids.filter((_, at) => values[at] !== null));
      } catch (error) {
        counts.unavailable += 1;
        log.debug('Redis did not say which accounts are locked.', { err: error });
        return undefined;
      }
    },
  };
}

/** All keys of a partition are in one slot of a Redis Cluster. */
function keyOf(partition: number, accountId: string): string {
  return `bank:{${partition}}:account:${accountId}`;
}

async function tryLock(
  redlock: Redlock,
  keys: string[],
  ttlMs: number,
  counts: LockCounts,
): Promise<Redlock.Lock | undefined> {
  const askedMs = performance.now();
  try {
    const lock = await redlock.lock(keys, ttlMs);
    // An acquire that took longer than the lock's life answers a lock that is gone already. Redis
    // may have begun to count a little before us.
    if (performance.now() - askedMs < ttlMs * (1 - CLOCK_DRIFT)) return lock;
    counts.expired += 1;
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'LockError') throw error;
    counts.refused += 1;
    return undefined;
  }
}

function heldLock(lock: Redlock.Lock, counts: LockCounts, log: Logger): HeldLock {
  return {
    release() {
      lock.unlock().then(undefined, (error: unknown) => {
        counts.expired += 1;
        log.debug('A lock had ended before it was released.', { err: error });
      });
    },
  };
}

type ScriptCallback = (error: Error | null, result: unknown) => void;

/** The two calls that redlock makes, in the form in which it makes them. */
function redlockClient(redis: Redis): Redlock.CompatibleRedisClient & {
  evalsha(hash: string, args: Redlock.EvalArg[], callback: ScriptCallback): void;
} {
  // The callback's own result is not waited for: redlock answers its promises by itself.
  const answer = (call: Promise<unknown>, callback: ScriptCallback | undefined): void => {
    call.then(
      (result) => {
        callback?.(null, result);
      },
      (error: unknown) => {
        callback?.(error instanceof Error ? error : new Error(String(error)), null);
      },
    );
  };
  return {
    eval: (args, callback) => answer(redis.call('eval', args), callback),
    evalsha: (hash, args, callback) => answer(redis.call('evalsha', [hash, ...args]), callback),
  };
}
