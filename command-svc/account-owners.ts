/**
 * Whose accounts are, for feeds of one owner, or of one tenant. That stands in an account's first
 * event only: it is looked up there, for all unknown accounts of a row in one statement, and
 * remembered in a cache that all feeds share and that is bounded in bytes. An account that has left
 * the cache costs a look-up, nothing else. It never changes, but for owners that are erased: then
 * the cache is emptied.
 */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import type { Holder, Holders } from './account-holder.ts';
import { FEED } from './bounds.ts';
import { readOpenedEvents } from './sql/read-opened-events.ts';

/** What an entry takes beside its texts. */
const ENTRY_BYTES = 200;
const BYTES_A_CHARACTER = 2;

export type AccountOwners = {
  /** By account id as a string of 16 characters, one a byte. Holds all that were asked for. */
  ownersOf(accounts: ReadonlySet<string>): Promise<ReadonlyMap<string, Holder>>;
};

export function accountKey(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 16);
}

export function createAccountOwners(db: Pool, holders: Holders): AccountOwners {
  const cache = new LRUCache<string, Holder>({
    maxSize: FEED.ownersCacheBytesMax,
    sizeCalculation: ({ tenant, owner }) =>
      ENTRY_BYTES + (tenant.length + owner.length) * BYTES_A_CHARACTER,
  });
  const lookUp = async (keys: readonly string[], found: Map<string, Holder>): Promise<void> => {
    const ids = keys.map((key) => uuidFromBytes(Buffer.from(key, 'latin1')));
    const rows = await readOpenedEvents(db, ids);
    const opened = rows.map(({ account_id: accountId, payload }) => ({ accountId, payload }));
    for (const [id, holder] of await holders.ofOpened(opened)) {
      const key = accountKey(Buffer.from(uuidToBytes(id)), 0);
      cache.set(key, holder);
      found.set(key, holder);
    }
  };
  holders.onForgotten(() => cache.clear());
  return {
    async ownersOf(accounts) {
      const found = new Map<string, Holder>();
      const unknown: string[] = [];
      for (const key of accounts) {
        const holder = cache.get(key);
        if (holder === undefined) unknown.push(key);
        else found.set(key, holder);
      }
      if (unknown.length > 0) await lookUp(unknown, found);
      if (found.size < accounts.size) {
        throw new Error(`ALARM: ${accounts.size - found.size} accounts of the log have no event`);
      }
      return found;
    },
  };
}
