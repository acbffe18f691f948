/**
 * Waits until the projection has a version of an account: the read side of read-your-writes. All
 * waiting calls share one look-up, woken by notices and by a slow poll, with at most one statement
 * in flight; a call costs nothing while it waits. An account that the projection does not know yet
 * is waited for alike.
 * Promises: the account as of that version or a later one, or the abort of the caller's signal.
 */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { observedGauge } from '#platform/telemetry.ts';
import { sleep } from '#platform/waiting.ts';
import type { AccountView } from './account-view.ts';
import { RETRY_AFTER_MS, type QueryConfig } from './config.ts';
import { createVersionWaiters } from './version-waiters.ts';

const ACCOUNTS_A_LOOK_UP = 1_000;

const waitingCalls = observedGauge(
  'bank.query.version_waiters',
  'Calls that wait until the projection has the version that they ask for.',
  '{call}',
);

export type ProjectionWatch = {
  waitFor(accountId: string, minVersion: bigint, signal: AbortSignal): Promise<AccountView>;
  /** The projection may have moved. */
  wake(): void;
  /** Refuses those that wait and those that come. */
  close(): void;
};

export function createProjectionWatch(
  lookUp: (accountIds: readonly string[]) => Promise<readonly AccountView[]>,
  { waitersMax, pollMs, lookUpGapMs }: QueryConfig,
  log: Logger,
): ProjectionWatch {
  const waiters = createVersionWaiters();
  const unwatch = waitingCalls.watch(() => [[waiters.count()]]);
  let moved = false;
  let looking = false;
  let closed = false;
  const isWanted = () => moved && waiters.count() > 0 && !closed;

  const look = async () => {
    while (isWanted()) {
      moved = false;
      const accountIds = waiters.accountIds();
      for (let at = 0; at < accountIds.length; at += ACCOUNTS_A_LOOK_UP) {
        const views = await lookUp(accountIds.slice(at, at + ACCOUNTS_A_LOOK_UP));
        views.forEach(waiters.settle);
      }
      await sleep(lookUpGapMs);
    }
  };
  const onFailure = (error: unknown) => {
    log.warn('Could not look up accounts that calls wait for; the poll tries again.', {
      err: error,
    });
  };
  const wake = () => {
    moved = true;
    if (looking || !isWanted()) return;
    looking = true;
    void look()
      .catch(onFailure)
      .finally(() => {
        looking = false;
        if (isWanted()) wake();
      });
  };
  const poll = setInterval(wake, pollMs);

  return {
    waitFor: async (accountId, minVersion, signal) => {
      if (closed) throw shuttingDown();
      if (waiters.count() >= waitersMax) throw tooManyWaiters(waitersMax);
      const view = waiters.wait(accountId, minVersion, signal);
      wake();
      return await view;
    },
    wake,
    close: () => {
      closed = true;
      clearInterval(poll);
      unwatch();
      waiters.refuseAll(shuttingDown);
    },
  };
}

function shuttingDown(): Error {
  return refusal(status.UNAVAILABLE, 'SHUTTING_DOWN', 'this replica is stopping', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}

function tooManyWaiters(waitersMax: number): Error {
  const message = `${waitersMax} calls wait for a version already`;
  return refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
