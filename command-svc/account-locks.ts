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
import { createLostUnlocks, createRedlockClient, type LostUnlocks } from './redlock-client.ts';

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
  /** Redis did not answer, or was not asked because it had not answered a moment ago. */
  unavailable: number;
  /** The lock had ended before it was answered, or before it was released. */
  expired: number;
  /** Redis did not answer the release. */
  unreleased: number;
  /** Items put off because their account was held. */
  deferred: number;
  /** Batches that went on without locks because an item had been put off too often. */
  overdue: number;
};

export function newLockCounts(): LockCounts {
  return {
    acquired: 0,
    refused: 0,
    unavailable: 0,
    expired: 0,
    unreleased: 0,
    deferred: 0,
    overdue: 0,
  };
}

/** By how much Redis' clock may run faster than ours. */
const CLOCK_DRIFT = 0.01;

const NOTHING_TO_LOCK: HeldLock = { release: () => undefined };

export function createAccountLocks(redis: Redis, ttlMs: number, log: Logger): AccountLocks {
  const lost = createLostUnlocks(ttlMs, log);
  const redlock = new Redlock([createRedlockClient(redis, lost)], { retryCount: 0 });
  const counts = newLockCounts();
  let askAgainMs = 0;
  let wasAway = false;
  const isUnavailable = (): boolean => performance.now() < askAgainMs;
  const pause = (error: Error): void => {
    askAgainMs = performance.now() + LOCKS_PAUSE_MS;
    if (!wasAway) log.warn('Redis does not answer for locks; batches go without.', { err: error });
    wasAway = true;
  };
  redlock.on('clientError', pause);
  redis.on('ready', lost.sendAgain);
  return {
    counts,
    async acquire(partition, accountIds) {
      const keys = Array.from(accountIds, (id) => keyOf(partition, id));
      if (keys.length === 0) return NOTHING_TO_LOCK;
      if (isUnavailable()) {
        counts.unavailable += 1;
        return 'unavailable';
      }
      const askedMs = performance.now();
      const lock = await tryLock(redlock, keys, ttlMs);
      // An acquire that took longer than the lock's life answers a lock that is gone already. Redis
      // may have begun to count a little before us.
      const isLate = performance.now() - askedMs >= ttlMs * (1 - CLOCK_DRIFT);
      if (lock !== undefined && !isLate) {
        if (wasAway) log.info('Redis answers for locks again.');
        wasAway = false;
        counts.acquired += 1;
        return heldLock(lock, lost, counts, log);
      }
      lock?.unlock().catch(() => undefined); // Redis may have begun to count long after us, too
      if (isUnavailable()) {
        counts.unavailable += 1;
        return 'unavailable';
      }
      counts[isLate ? 'expired' : 'refused'] += 1;
      return 'held';
    },
    async heldElsewhere(partition, accountIds) {
      const ids = [...accountIds];
      try {
        const values = await redis.mget(ids.map((id) => keyOf(partition, id)));
        return new Set(ids.filter((_, at) => values[at] !== null));
      } catch (error) {
        pause(error instanceof Error ? error : new Error(String(error)));
        return undefined;
      }
    },
  };
}

/** All keys of a partition are in one slot of a Redis Cluster. */
function keyOf(partition: number, accountId: string): string {
  return `bank:{${partition}}:account:${accountId}`;
}

/** Undefined: it was not granted. Redlock has unlocked then what it did get. */
async function tryLock(
  redlock: Redlock,
  keys: string[],
  ttlMs: number,
): Promise<Redlock.Lock | undefined> {
  try {
    return await redlock.lock(keys, ttlMs);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'LockError') throw error;
    return undefined;
  }
}

function heldLock(
  lock: Redlock.Lock,
  lost: LostUnlocks,
  counts: LockCounts,
  log: Logger,
): HeldLock {
  return {
    release() {
      lock.unlock().then(undefined, (error: unknown) => {
        if (lost.has(lock.value ?? '')) {
          counts.unreleased += 1;
          log.debug('Redis did not answer the release of a lock.', { err: error });
          return;
        }
        counts.expired += 1;
        log.debug('A lock had ended before it was released.', { err: error });
      });
    },
  };
}
