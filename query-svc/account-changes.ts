/**
 * News of accounts for those who watch them. A watcher says which version it knows, and gets what
 * came behind it: when it is there already, or as soon as it is. However many watch, one statement
 * at a time reads for all accounts that a notice has named; watchers that know the same version
 * share what was read. Nothing is queued for anybody: a watcher that is busy sending has no wish,
 * and its account's news stays in the store.
 */
import { status } from '@grpc/grpc-js';
import type pg from 'pg';
import { refusal } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { EVERYONE, namesOf } from '#platform/notice-names.ts';
import { abortReason } from '#platform/waiting.ts';
import { CHANGES, RETRY_AFTER_MS } from './config.ts';
import { FollowedAccounts, settle, type Settler } from './followed-accounts.ts';
import { createNewsReader } from './news-reader.ts';
import type { Change } from './sql/read-changes.ts';

export type Follower = {
  /**
   * What came behind the version; undefined: nothing within waitMs. Throws the signal's reason.
   */
  next(options: NextOptions): Promise<Change | undefined>;
  close(): void;
};
export type NextOptions = {
  readonly version: bigint;
  /** The newest entries are enough, should there be many. */
  readonly newestOnly: boolean;
  readonly waitMs: number;
  readonly signal: AbortSignal;
};
export type AccountChanges = {
  /** To be called before the account is first read, so that nothing is missed in between. */
  follow(accountId: string): Follower;
  /** The accounts that a notice names may have changed. */
  wake(notice: string): void;
  /** Accounts that are followed. */
  count(): number;
  close(): void;
};

export function createAccountChanges(db: Pick<pg.Pool, 'query'>, log: Logger): AccountChanges {
  const accounts = new FollowedAccounts();
  const reader = createNewsReader(db, accounts, log);
  let closed = false;
  const wake = (notice: string): void => {
    const names = namesOf(notice);
    accounts.mark(names);
    reader.look(names === undefined);
  };
  const poll = setInterval(() => wake(EVERYONE), CHANGES.pollMs);
  return {
    follow: (accountId) => {
      const followed = accounts.follow(accountId);
      return {
        next: async (options) => {
          if (closed) throw shuttingDown();
          return await waitFor(options, (settler) => {
            const { version, newestOnly } = options;
            const takeBack = accounts.wish(followed, version, newestOnly, settler);
            reader.look();
            return takeBack;
          });
        },
        close: () => accounts.unfollow(followed),
      };
    },
    wake,
    count: () => accounts.count,
    close: () => {
      closed = true;
      clearInterval(poll);
      reader.close();
      for (const wish of accounts.all()) settle(wish, ({ reject }) => reject(shuttingDown()));
    },
  };
}

function waitFor(
  { waitMs, signal }: NextOptions,
  enter: (settler: Settler) => () => void,
): Promise<Change | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortReason(signal));
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const takeBack = enter({
      resolve: (change) => (over(), resolve(change)),
      reject: (error) => (over(), reject(error)),
    });
    const onAbort = (): void => (over(), takeBack(), reject(abortReason(signal)));
    const timer = setTimeout(() => (over(), takeBack(), resolve(undefined)), waitMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function shuttingDown(): Error {
  return refusal(status.UNAVAILABLE, 'SHUTTING_DOWN', 'this replica is stopping', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
