/**
 * Reads for all watchers at once: one statement at a time, for the accounts that somebody waits for
 * and that may have changed. While there is much to read half of the time is left to others. When
 * the store does not answer, watchers wait on; when it does not for long, their streams end.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import { guardProjection } from './account-reader.ts';
import { CHANGES } from './config.ts';
import { settle, type FollowedAccounts, type Wish } from './followed-accounts.ts';
import { readChanges } from './sql/read-changes.ts';

export type NewsReader = {
  /** Something may be wanted. `all`: of many accounts, so that the next read may wait a little. */
  look(all?: boolean): void;
  close(): void;
};

export function createNewsReader(
  db: Pick<pg.Pool, 'query'>,
  accounts: FollowedAccounts,
  log: Logger,
): NewsReader {
  let state: 'idle' | 'reading' | 'closed' = 'idle';
  let ofAll = false;
  let failures = 0;

  const readOnce = async (): Promise<void> => {
    const startedMs = performance.now();
    const gapMs = ofAll ? CHANGES.everyoneGapMs : CHANGES.gapMs;
    ofAll = false;
    const wishes = accounts.take(CHANGES.wishesARead);
    try {
      await grant(db, wishes);
      failures = 0;
    } catch (error) {
      failures++;
      log.warn('Could not read news of watched accounts; the poll tries again.', { err: error });
      giveBack(wishes, failures >= CHANGES.failuresMax ? error : undefined);
    } finally {
      for (const { followed } of wishes) accounts.refresh(followed);
    }
    await sleep(Math.max(gapMs, performance.now() - startedMs));
  };
  const look = (all = false): void => {
    ofAll ||= all;
    if (state !== 'idle' || !accounts.isWanted) return;
    state = 'reading';
    void readOnce().finally(() => {
      if (state === 'closed') return;
      state = 'idle';
      if (failures === 0) look();
    });
  };
  return { look, close: () => void (state = 'closed') };
}

/** Answers the wishes that there is news for. */
async function grant(db: Pick<pg.Pool, 'query'>, wishes: readonly Wish[]): Promise<void> {
  const share = Math.floor(CHANGES.entriesARead / Math.max(wishes.length, 1));
  const entriesMax = Math.max(1, Math.min(CHANGES.entriesAChange, share));
  for (const newestOnly of [false, true]) {
    const asked = wishes.filter((wish) => wish.newestOnly === newestOnly);
    if (asked.length === 0) continue;
    const known = asked.map(({ followed, version }) => {
      return { accountId: followed.accountId, version };
    });
    const query = { known, entriesMax, newestOnly };
    const changes = await guardProjection(readChanges(db, query));
    for (const [place, wish] of asked.entries()) {
      const change = changes[place];
      if (change === undefined) continue;
      wish.followed.seenVersion = change.newest.version;
      settle(wish, ({ resolve }) => resolve(change));
    }
  }
}

/** To be read again; or, with a reason, not at all. */
function giveBack(wishes: readonly Wish[], reason: unknown): void {
  for (const { followed } of wishes) followed.isStale = true;
  if (reason === undefined) return;
  const error = reason instanceof Error ? reason : new Error('unknown', { cause: reason });
  for (const wish of wishes) settle(wish, ({ reject }) => reject(error));
}
