/**
 * Who waits for which version of which account: a bounded table. A waiter leaves it by its version,
 * by the abort of its caller's signal, or when all are refused, and leaves no listener behind.
 */
import { isReached, type Reach } from '#platform/caller.ts';
import type { AccountView } from './account-view.ts';

export type VersionWaiters = {
  readonly count: () => number;
  readonly accountIds: () => string[];
  /** Rejects at once with the signal's reason when it is aborted already. */
  wait(
    accountId: string,
    minVersion: bigint,
    signal: AbortSignal,
    reach: Reach,
  ): Promise<AccountView>;
  /** Answers those that this version is enough for, and that reach the account. */
  settle(view: AccountView): void;
  refuseAll(reason: () => Error): void;
};

type Waiter = {
  readonly minVersion: bigint;
  readonly reach: Reach;
  readonly resolve: (view: AccountView) => void;
  readonly reject: (error: Error) => void;
};

export function createVersionWaiters(): VersionWaiters {
  const waiting = new Map<string, Set<Waiter>>();
  let count = 0;
  const enter = (accountId: string, waiter: Waiter) => {
    waiting.set(accountId, (waiting.get(accountId) ?? new Set()).add(waiter));
    count++;
  };
  const leave = (accountId: string, waiter: Waiter) => {
    const waiters = waiting.get(accountId);
    if (waiters?.delete(waiter) !== true) return;
    count--;
    if (waiters.size === 0) waiting.delete(accountId);
  };
  return {
    count: () => count,
    accountIds: () => [...waiting.keys()],
    wait: (accountId, minVersion, signal, reach) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(abortReason(signal));
        const onAbort = () => waiter.reject(abortReason(signal));
        const done = () => {
          signal.removeEventListener('abort', onAbort);
          leave(accountId, waiter);
        };
        const waiter: Waiter = {
          minVersion,
          reach,
          resolve: (view) => (done(), resolve(view)),
          reject: (error) => (done(), reject(error)),
        };
        signal.addEventListener('abort', onAbort, { once: true });
        enter(accountId, waiter);
      }),
    settle: (view) => {
      for (const waiter of waiting.get(view.accountId) ?? []) {
        const isEnough = view.version >= waiter.minVersion;
        if (isEnough && isReached(waiter.reach, view)) waiter.resolve(view);
      }
    },
    refuseAll: (reason) => {
      for (const waiter of [...waiting.values()].flatMap((waiters) => [...waiters])) {
        waiter.reject(reason());
      }
    },
  };
}

function abortReason({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('the wait was aborted', { cause: reason });
}
