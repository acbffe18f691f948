/**
 * Redis as redlock calls it. An unlock that Redis did not answer leaves accounts locked until their
 * lock ends, also when the lock itself was granted after nobody waited for it any more: it is kept
 * for as long as that, to be sent again when Redis is back.
 */
import type { Redis } from 'ioredis';
import type Redlock from 'redlock';
import type { Logger } from '#platform/logger.ts';

type ScriptCallback = (error: Error | null, result: unknown) => void;

/** The two calls that redlock makes, in the form in which it makes them. */
export type RedlockClient = Redlock.CompatibleRedisClient & {
  evalsha(hash: string, args: Redlock.EvalArg[], callback: ScriptCallback): void;
};

export type LostUnlocks = {
  add(value: string, again: () => Promise<unknown>): void;
  /** Whether the unlock of the lock with that value was lost. */
  has(value: string): boolean;
  /** Sends each once more; what is lost again is given up. */
  sendAgain(): void;
};

/** The oldest give way: their locks end first. */
const LOST_UNLOCKS_MAX = 1_000;

export function createLostUnlocks(lockLifeMs: number, log: Logger): LostUnlocks {
  const lost = new Map<string, { again: () => Promise<unknown>; endsAtMs: number }>();
  const dropEnded = (): void => {
    const nowMs = performance.now();
    for (const [value, { endsAtMs }] of lost) {
      if (endsAtMs > nowMs && lost.size <= LOST_UNLOCKS_MAX) return;
      lost.delete(value);
    }
  };
  return {
    add(value, again) {
      lost.set(value, { again, endsAtMs: performance.now() + lockLifeMs });
      dropEnded();
    },
    has: (value) => lost.has(value),
    sendAgain() {
      dropEnded();
      for (const { again } of lost.values()) {
        again().catch((error: unknown) => {
          log.debug('A lock was not released; it ends by its time.', { err: error });
        });
      }
      lost.clear();
    },
  };
}

export function createRedlockClient(redis: Redis, lost: LostUnlocks): RedlockClient {
  // The callback's own result is not waited for: redlock answers its promises by itself.
  const answer = (
    send: () => Promise<unknown>,
    unlocked: string | undefined,
    callback: ScriptCallback | undefined,
  ): void => {
    send().then(
      (result) => {
        callback?.(null, result);
      },
      (cause: unknown) => {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        if (unlocked !== undefined && !isUnknownScript(error)) lost.add(unlocked, send);
        callback?.(error, null);
      },
    );
  };
  return {
    eval(args, callback) {
      answer(() => redis.call('eval', args), unlockedBy(args.slice(1)), callback);
    },
    evalsha(hash, args, callback) {
      const whole = [hash, ...args]; // redlock changes its own when the script is unknown
      answer(() => redis.call('evalsha', whole), unlockedBy(args), callback);
    },
  };
}

/** Redlock sends the script itself then. */
function isUnknownScript(error: Error): boolean {
  return error.message.startsWith('NOSCRIPT');
}

/**
 * The value of the lock that is unlocked: the last argument, after the count of the keys and the
 * keys. To lock there is one more, its life.
 */
function unlockedBy([count, ...rest]: readonly Redlock.EvalArg[]): string | undefined {
  return rest.length === Number(count) + 1 ? String(rest.at(-1)) : undefined;
}
