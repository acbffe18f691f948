/**
 * Reads accounts for the queries, those of several callers together: from the cache where its entry
 * is new enough, else from the projection store, else, when the caller asks for a version that the
 * projection does not have yet, waits for it.
 * Promises: never a version below the one asked for; VERSION_NOT_PROJECTED when the deadline comes
 * first; PROJECTION_UNAVAILABLE when PostgreSQL does not answer.
 */
import { status } from '@grpc/grpc-js';
import type pg from 'pg';
import { isReached, type Reach } from '#platform/caller.ts';
import { refusal } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { isConnectionLost, SQL_STATE, sqlStateOf } from '#platform/postgres.ts';
import { nowMicros } from '#platform/timestamps.ts';
import type { CallContext } from '#platform/unary.ts';
import type { AccountCache } from './account-cache.ts';
import type { AccountView } from './account-view.ts';
import { READS, RETRY_AFTER_MS, type QueryConfig } from './config.ts';
import type { ProjectionWatch } from './projection-watch.ts';
import { gatherReads, type Wanted } from './read-gather.ts';
import { readAccounts } from './sql/read-accounts.ts';

type ReadingCall = Pick<CallContext, 'signal' | 'deadlineAtMs' | 'caller'>;

export type AccountReader = {
  /**
   * Accounts with the least version that each must have, 0n: any. Unknown ones are left out, and so
   * are those that the caller does not reach.
   */
  read(wanted: ReadonlyMap<string, bigint>, call: ReadingCall): Promise<Map<string, AccountView>>;
};

/** What the handlers work with. */
export type QueryContext = {
  readonly db: Pick<pg.Pool, 'query'>;
  readonly reader: AccountReader;
  readonly log: Logger;
  /** Aborts when the service drains. */
  readonly stopping: AbortSignal;
};

export function createAccountReader(
  db: Pick<pg.Pool, 'query'>,
  cache: AccountCache,
  watch: ProjectionWatch,
  config: QueryConfig,
): AccountReader {
  const readNow = async (wanted: Wanted): Promise<Map<string, AccountView>> => {
    // Of many at once a statement is as cheap as the cache, and newer.
    const isMany = wanted.size > READS.accountsMax;
    const cached = isMany ? new Map<string, AccountView>() : await cache.get([...wanted.keys()]);
    const found = newEnough(cached, wanted);
    const unread = [...wanted.keys()].filter((accountId) => !found.has(accountId));
    if (unread.length === 0) return found;
    const readAtMs = Date.now();
    const views = await guardProjection(readAccounts(db, unread));
    if (!isMany) cache.put(views, readAtMs);
    for (const view of views) found.set(view.accountId, view);
    return found;
  };
  const readGathered = gatherReads(readNow, READS);
  return {
    read: async (wanted, call) => {
      const found = ofWanted(await readGathered(wanted), wanted, call.caller);
      const behind = [...wanted].filter(([accountId, minVersion]) => {
        return (found.get(accountId)?.version ?? 0n) < minVersion;
      });
      if (behind.length > 0) {
        for (const view of await waitForAll(watch, behind, call, config)) {
          found.set(view.accountId, view);
        }
      }
      return found;
    },
  };
}

/** Runs a read of the projection store; turns its failures into what a caller can act on. */
export async function guardProjection<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!isConnectionLost(error) && sqlStateOf(error) !== SQL_STATE.queryCanceled) throw error;
    throw refusal(
      status.UNAVAILABLE,
      'PROJECTION_UNAVAILABLE',
      'the projection store does not answer',
      { retryAfterMs: RETRY_AFTER_MS, cause: error },
    );
  }
}

/** What was read for others too, without the others, and without what the caller does not reach. */
function ofWanted(
  views: ReadonlyMap<string, AccountView>,
  wanted: Wanted,
  reach: Reach,
): Map<string, AccountView> {
  const found = new Map<string, AccountView>();
  for (const accountId of wanted.keys()) {
    const view = views.get(accountId);
    if (view !== undefined && isReached(reach, view)) found.set(accountId, view);
  }
  return found;
}

/** A version that was asked for, and no hold's time has passed since it was read. */
function newEnough(views: Map<string, AccountView>, wanted: Wanted): Map<string, AccountView> {
  const now = nowMicros();
  const isCurrent = ({ nextExpiryMicros }: AccountView): boolean =>
    nextExpiryMicros === undefined || nextExpiryMicros > now;
  return new Map(
    [...views].filter(
      ([accountId, view]) => view.version >= (wanted.get(accountId) ?? 0n) && isCurrent(view),
    ),
  );
}

async function waitForAll(
  watch: ProjectionWatch,
  behind: readonly (readonly [string, bigint])[],
  { signal, deadlineAtMs, caller }: ReadingCall,
  { waitMaxMs, waitMarginMs }: QueryConfig,
): Promise<AccountView[]> {
  const deadlineLeftMs = (deadlineAtMs ?? Infinity) - performance.now();
  const leftMs = Math.max(0, Math.min(waitMaxMs, deadlineLeftMs));
  // The refusal and its reason must still reach the caller.
  const waitMs = leftMs - Math.min(waitMarginMs, leftMs / 10);
  const waitOver = new AbortController();
  const timer = setTimeout(() => waitOver.abort(notProjected(behind)), waitMs);
  const either = AbortSignal.any([signal, waitOver.signal]);
  try {
    return await Promise.all(
      behind.map(([accountId, minVersion]) => watch.waitFor(accountId, minVersion, either, caller)),
    );
  } catch (error) {
    waitOver.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function notProjected(behind: readonly (readonly [string, bigint])[]): Error {
  const [accountId = '', minVersion = 0n] = behind[0] ?? [];
  return refusal(
    status.DEADLINE_EXCEEDED,
    'VERSION_NOT_PROJECTED',
    `version ${minVersion} of account ${accountId} was not projected within the deadline`,
    { metadata: { account_id: accountId, min_version: minVersion.toString() } },
  );
}

export function accountNotFound(accountId: string): Error {
  const message = `account ${accountId} is not known here: to wait for a new one, give min_version`;
  return refusal(status.NOT_FOUND, 'ACCOUNT_NOT_FOUND', message, {
    metadata: { account_id: accountId },
  });
}
