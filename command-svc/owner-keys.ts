/**
 * The keys by which a batch's texts are sealed: of the accounts that are there, and of the owners
 * whose accounts it opens. Read, and made where an owner has none, before anything is decided, so
 * that a decision waits for nothing. A key that is destroyed while a batch is on its way has sealed
 * what nobody can open: as good as erased.
 */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { KEY_BYTES, type KeyRing } from '#platform/key-ring.ts';
import type { Logger } from '#platform/logger.ts';
import { keyPlace, openTextKey, type StoredTextKey, type TextKey } from '#platform/text-key.ts';
import type { BaseStates } from './base-states.ts';
import type { BatchItem } from './batch-item.ts';
import { KEYS } from './bounds.ts';
import { clearKeys, createKeyCaches, forgetKeys, takeKeys } from './key-caches.ts';
import { openedOwners, type AccountOwner } from './opened-owners.ts';
import {
  keepAccountKeys,
  makeOwnerKeys,
  readAccountKeys,
  readKeysByIds,
  readLivingKeys,
} from './sql/owner-key-rows.ts';
import type { StoreSecret } from './store-secret.ts';
import { hasText } from './text-seal.ts';
import { accountsOf } from './wanted.ts';

/** What a decision seals by. */
export type BatchKeys = {
  /** Of accounts that are there, and get a text. */
  readonly ofAccounts: ReadonlyMap<string, TextKey>;
  /** Of accounts that the batch opens. */
  ofOpened(account: AccountOwner): TextKey;
};

export type KeyContext = {
  readonly db: Pool;
  readonly ring: KeyRing;
  readonly secret: StoreSecret;
  readonly log: Logger;
};

export class OwnerKeys {
  readonly #context: KeyContext;
  readonly #caches = createKeyCaches();
  readonly #listeners: (() => void)[] = [];
  /** Counts what was forgotten: what was read before may not be kept after. */
  #forgotten = 0;

  constructor(context: KeyContext) {
    this.#context = context;
  }

  /** `accounts`: those that the decision stands on. */
  forItems(items: readonly BatchItem[], accounts: BaseStates['accounts']): Promise<BatchKeys> {
    const there = new Set<string>();
    const opened: AccountOwner[] = [];
    for (const item of items) {
      const { command } = item;
      if (command?.type === 'OpenAccount') opened.push(command);
      else if (command !== undefined && hasText(command)) {
        for (const id of accountsOf(item)) if (exists(accounts, id)) there.add(id);
      }
    }
    return this.#read(async () => {
      const ofAccounts = await this.#ofAccounts(there);
      const ofOwners = await this.#ofOwners(opened);
      return {
        ofAccounts,
        ofOpened: (account) => {
          const key = ofOwners.get(ownerName(account));
          if (key === undefined) throw new Error(`${account.accountId} has no owner's key`);
          return key;
        },
      };
    });
  }

  /** Those that are there; destroyed ones too. */
  byIds(keyIds: Iterable<bigint>): Promise<ReadonlyMap<bigint, TextKey>> {
    return this.#read(async () => {
      const { found, missing } = takeKeys(this.#caches.byId, keyIds);
      if (missing.length === 0) return found;
      for (const row of await readKeysByIds(this.#context.db, missing)) {
        found.set(row.key_id, this.#keep(row));
      }
      return found;
    });
  }

  /** Called when keys are forgotten. */
  onForgotten(listener: () => void): void {
    this.#listeners.push(listener);
  }

  forget(keyIds: readonly bigint[]): void {
    if (keyIds.length === 0) return;
    this.#forgotten += 1;
    forgetKeys(this.#caches, new Set(keyIds));
    for (const listener of this.#listeners) listener();
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    const forgotten = this.#forgotten;
    try {
      return await read();
    } finally {
      if (forgotten !== this.#forgotten) clearKeys(this.#caches);
    }
  }

  async #ofAccounts(accountIds: Iterable<string>): Promise<Map<string, TextKey>> {
    const { found, missing } = takeKeys(this.#caches.byAccount, accountIds);
    if (missing.length === 0) return found;
    const read = await this.#readAccounts(missing);
    const older = missing.filter((id) => !read.has(id));
    for (const [id, key] of older.length === 0 ? read : [...read, ...(await this.#adopt(older))]) {
      found.set(id, key);
      this.#caches.byAccount.set(id, key);
    }
    return found;
  }

  /** Accounts that were opened before texts were sealed get the keys of their owners. */
  async #adopt(accountIds: readonly string[]): Promise<Map<string, TextKey>> {
    const accounts = await openedOwners(this.#context.db, accountIds);
    const keys = await this.#ofOwners(accounts);
    const kept = accounts.flatMap((account) => {
      const key = keys.get(ownerName(account));
      return key === undefined ? [] : [{ accountId: account.accountId, keyId: key.keyId }];
    });
    await keepAccountKeys(this.#context.db, kept);
    return this.#readAccounts(accountIds);
  }

  async #readAccounts(accountIds: readonly string[]): Promise<Map<string, TextKey>> {
    const rows = await readAccountKeys(this.#context.db, accountIds);
    return new Map(rows.map((row) => [row.account_id, this.#keep(row)]));
  }

  /** By ownerName; made where there is none. */
  async #ofOwners(owners: readonly AccountOwner[]): Promise<Map<string, TextKey>> {
    const byName = new Map(owners.map((owner) => [ownerName(owner), owner]));
    const { found, missing } = takeKeys(this.#caches.byOwner, byName.keys());
    if (missing.length === 0) return found;
    const { db, ring, secret } = this.#context;
    const wanted = missing.flatMap((name) => {
      const owner = byName.get(name);
      if (owner === undefined) return [];
      const { tenant } = owner;
      return [{ name, tenant, ownerIndex: secret.ownerIndex(tenant, owner.owner, shardOf(owner)) }];
    });
    for (let round = 0; ; round++) {
      const left = wanted.filter(({ name }) => !found.has(name));
      if (left.length === 0) return found;
      if (round > KEYS.makeRoundsMax) throw new Error('keys are destroyed while they are made');
      if (round > 0) {
        const made = left.map((one) => {
          return { ...one, ...ring.wrap(randomBytes(KEY_BYTES), keyPlace(one.ownerIndex)) };
        });
        await makeOwnerKeys(db, made);
      }
      const indexes = left.map(({ ownerIndex }) => ownerIndex);
      const rows = await readLivingKeys(db, indexes);
      const keys = new Map(rows.map((row) => [row.owner_index.toString('hex'), row]));
      for (const { name, ownerIndex } of left) {
        const row = keys.get(ownerIndex.toString('hex'));
        if (row === undefined) continue;
        const key = this.#keep(row);
        this.#caches.byOwner.set(name, key);
        found.set(name, key);
      }
    }
  }

  #keep(row: StoredTextKey): TextKey {
    const known = this.#caches.byId.get(row.key_id);
    if (known !== undefined) return known;
    const key = openTextKey(this.#context.ring, row, this.#context.log);
    this.#caches.byId.set(row.key_id, key);
    return key;
  }
}

function exists(accounts: BaseStates['accounts'], id: string): boolean {
  const status = accounts.get(id)?.state.status;
  return status !== undefined && status !== 'none';
}

function ownerName(owner: AccountOwner): string {
  return `${shardOf(owner)}\0${owner.tenant}\0${owner.owner}`;
}

/** Accounts without an owner have 256 keys a tenant, so that none of them seals too many texts. */
function shardOf({ accountId, owner }: AccountOwner): number {
  return owner === '' ? Number.parseInt(accountId.slice(-2), 16) : 0;
}
