/**
 * Whose an account is, for feeds that are filtered by owner. The owner stands in the account's
 * first event only: it is looked up there, for all unknown accounts of a row in one statement, and
 * remembered in a cache that all feeds share and that is bounded in bytes. An account that has left
 * the cache costs a look-up, nothing else. Owners never change.
 */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { FEED } from './bounds.ts';
import { textOf } from './event-body-decoder.ts';
import { readOpenedEvents } from './sql/read-opened-events.ts';

/** What an entry takes beside the owner's text. */
const ENTRY_BYTES = 200;
const BYTES_A_CHARACTER = 2;

export type AccountOwners = {
  /** By account id as a string of 16 characters, one a byte. Holds all that were asked for. */
  ownersOf(accounts: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>;
};

export function accountKey(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 16);
}

export function createAccountOwners(db: Pool): AccountOwners {
  const cache = new LRUCache<string, string>({
    maxSize: FEED.ownersCacheBytesMax,
    sizeCalculation: (owner) => ENTRY_BYTES + owner.length * BYTES_A_CHARACTER,
  });
  const lookUp = async (keys: readonly string[], found: Map<string, string>): Promise<void> => {
    const ids = keys.map((key) => uuidFromBytes(Buffer.from(key, 'latin1')));
    for (const { account_id: id, payload } of await readOpenedEvents(db, ids)) {
      const key = accountKey(Buffer.from(uuidToBytes(id)), 0);
      const owner = ownerIn(payload, id);
      cache.set(key, owner);
      found.set(key, owner);
    }
  };
  return {
    async ownersOf(accounts) {
      const found = new Map<string, string>();
      const unknown: string[] = [];
      for (const key of accounts) {
        const owner = cache.get(key);
        if (owner === undefined) unknown.push(key);
        else found.set(key, owner);
      }
      if (unknown.length > 0) await lookUp(unknown, found);
      if (found.size < accounts.size) {
        throw new Error(`ALARM: ${accounts.size - found.size} accounts of the log have no event`);
      }
      return found;
    },
  };
}

function ownerIn(payload: Uint8Array, accountId: string): string {
  const { body } = Event.decode(payload);
  if (body?.$case !== 'accountOpened') {
    throw new Error(`ALARM: the first event of account ${accountId} does not open it`);
  }
  return textOf(body.value.owner);
}
