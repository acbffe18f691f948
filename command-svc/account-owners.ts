/**
 * Whose an account is, for feeds that are filtered by owner. The owner stands in the account's
 * first event only: it is looked up there, for all unknown accounts of a row in one statement, and
 * remembered in a cache that all feeds share and that is bounded in bytes. An account that has left
 * the cache costs a look-up, nothing else. Owners never change, but for those that are erased: then
 * the cache is emptied, and nobody is found by such a name any more.
 */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import { openText } from '#platform/sealed-text.ts';
import { keyIdOf, type TextKey } from '#platform/text-key.ts';
import { Event, type SealedText } from '#proto/bank/event/v1/events.ts';
import { FEED } from './bounds.ts';
import type { OwnerKeys } from './owner-keys.ts';
import { readOpenedEvents, type OpenedEventRow } from './sql/read-opened-events.ts';

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

/** `keys` undefined: texts are not sealed. */
export function createAccountOwners(db: Pool, keys?: OwnerKeys): AccountOwners {
  const cache = new LRUCache<string, string>({
    maxSize: FEED.ownersCacheBytesMax,
    sizeCalculation: (owner) => ENTRY_BYTES + owner.length * BYTES_A_CHARACTER,
  });
  const lookUp = async (wanted: readonly string[], found: Map<string, string>): Promise<void> => {
    const ids = wanted.map((key) => uuidFromBytes(Buffer.from(key, 'latin1')));
    const rows = await readOpenedEvents(db, ids);
    const opened = rows.map((row) => ({ id: row.account_id, owner: ownerIn(row) }));
    const named = opened.flatMap(({ owner }) => keyOf(owner) ?? []);
    const textKeys = named.length === 0 ? NO_KEYS : await keys?.byIds(new Set(named));
    for (const { id, owner: text } of opened) {
      const bytes = uuidToBytes(id);
      const key = accountKey(Buffer.from(bytes), 0);
      const owner = ownerText(text, bytes, textKeys ?? NO_KEYS);
      cache.set(key, owner);
      found.set(key, owner);
    }
  };
  keys?.onForgotten(() => cache.clear());
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

const NO_KEYS: ReadonlyMap<bigint, TextKey> = new Map();
/** An account is opened by its first event. */
const OPENED_VERSION = 1n;

function ownerIn({ account_id: accountId, payload }: OpenedEventRow): SealedText | undefined {
  const { body } = Event.decode(payload);
  if (body?.$case !== 'accountOpened') {
    throw new Error(`ALARM: the first event of account ${accountId} does not open it`);
  }
  return body.value.owner;
}

function keyOf(text: SealedText | undefined): bigint | undefined {
  return text?.form?.$case === 'sealed' ? keyIdOf(text.form.value.keyId) : undefined;
}

/** Empty: there is none, or it is erased, or cannot be opened. */
function ownerText(
  text: SealedText | undefined,
  account: Uint8Array,
  keys: ReadonlyMap<bigint, TextKey>,
): string {
  if (text?.form === undefined) return '';
  if (text.form.$case === 'plain') return text.form.value;
  const key = keys.get(keyOf(text) ?? 0n)?.key;
  if (key === undefined) return '';
  return openText(key, account, OPENED_VERSION, text.form.value)?.toString('utf8') ?? '';
}
