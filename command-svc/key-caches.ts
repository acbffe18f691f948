/**
 * Keys that are remembered, each cache bounded: by id, by owner and by account. A key that is
 * destroyed leaves all of them, and whoever holds it holds nothing any more.
 */
import { LRUCache } from 'lru-cache';
import type { TextKey } from '#platform/text-key.ts';
import { KEYS } from './bounds.ts';

export type KeyCaches = {
  readonly byId: LRUCache<bigint, TextKey>;
  /** By ownerName. */
  readonly byOwner: LRUCache<string, TextKey>;
  readonly byAccount: LRUCache<string, TextKey>;
};

export function createKeyCaches(): KeyCaches {
  return {
    byId: new LRUCache({ max: KEYS.cachedMax }),
    byOwner: new LRUCache({ max: KEYS.cachedMax }),
    byAccount: new LRUCache({ max: KEYS.cachedAccountsMax }),
  };
}

/** What of `ids` the cache has, and what it lacks. */
export function takeKeys<Id extends string | bigint>(
  cache: LRUCache<Id, TextKey>,
  ids: Iterable<Id>,
): { found: Map<Id, TextKey>; missing: Id[] } {
  const found = new Map<Id, TextKey>();
  const missing: Id[] = [];
  for (const id of ids) {
    const key = cache.get(id);
    if (key === undefined) missing.push(id);
    else found.set(id, key);
  }
  return { found, missing };
}

export function forgetKeys(caches: KeyCaches, keyIds: ReadonlySet<bigint>): void {
  for (const cache of [caches.byId, caches.byOwner, caches.byAccount]) {
    for (const key of cache.values()) if (keyIds.has(key.keyId)) key.key = undefined;
  }
  // An owner may get another key, an account never does.
  for (const [owner, { key }] of caches.byOwner.entries()) {
    if (key === undefined) caches.byOwner.delete(owner);
  }
}

export function clearKeys({ byId, byOwner, byAccount }: KeyCaches): void {
  byId.clear();
  byOwner.clear();
  byAccount.clear();
}
