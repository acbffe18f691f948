/**
 * Owners' data keys, as they are stored: found by their owners, by their accounts or by their ids,
 * and made where an owner has none. Keys of erased owners come without a wrapped key.
 */
import type { Pool } from 'pg';
import type { WrappedKey } from '#platform/key-ring.ts';
import type { StoredTextKey } from '#platform/text-key.ts';

export type OwnerKeyRow = StoredTextKey;
export type AccountKeyRow = OwnerKeyRow & { readonly account_id: string };

const COLUMNS = 'k.key_id, k.owner_index, k.kek_id, k.wrapped_key';

const LIVING = `
  select ${COLUMNS} from unnest($1::bytea[]) as w(owner_index)
    join owner_keys k on k.owner_index = w.owner_index and k.erased_at is null`;
const OF_ACCOUNTS = `
  select a.account_id::text, ${COLUMNS} from unnest($1::uuid[]) as w(account_id)
    join account_keys a on a.account_id = w.account_id join owner_keys k using (key_id)`;
const BY_IDS = `
  select ${COLUMNS} from unnest($1::bigint[]) as w(key_id) join owner_keys k using (key_id)`;
// In one order everywhere: two replicas that make the same keys wait for each other in no ring.
const MAKE = `
  insert into owner_keys (tenant, owner_index, kek_id, wrapped_key)
  select * from unnest($1::text[], $2::bytea[], $3::text[], $4::bytea[]) as w(t, i, k, w)
   order by w.i
  on conflict (owner_index) where erased_at is null do nothing`;
const KEEP_ACCOUNTS = `
  insert into account_keys (account_id, key_id)
  select * from unnest($1::uuid[], $2::bigint[]) as w(a, k) order by w.a
  on conflict do nothing`;

export async function readLivingKeys(
  db: Pool,
  ownerIndexes: readonly Buffer[],
): Promise<OwnerKeyRow[]> {
  const query = { name: 'read-living-keys', text: LIVING, values: [ownerIndexes] };
  return (await db.query<OwnerKeyRow>(query)).rows;
}

export async function readAccountKeys(
  db: Pool,
  accountIds: readonly string[],
): Promise<AccountKeyRow[]> {
  const query = { name: 'read-account-keys', text: OF_ACCOUNTS, values: [accountIds] };
  return (await db.query<AccountKeyRow>(query)).rows;
}

export async function readKeysByIds(db: Pool, keyIds: readonly bigint[]): Promise<OwnerKeyRow[]> {
  const query = { name: 'read-keys-by-ids', text: BY_IDS, values: [keyIds] };
  return (await db.query<OwnerKeyRow>(query)).rows;
}

export type NewOwnerKey = WrappedKey & { readonly tenant: string; readonly ownerIndex: Buffer };

/** Owners that have got a key meanwhile keep that one. */
export async function makeOwnerKeys(db: Pool, keys: readonly NewOwnerKey[]): Promise<void> {
  await db.query(MAKE, [
    keys.map(({ tenant }) => tenant),
    keys.map(({ ownerIndex }) => ownerIndex),
    keys.map(({ kekId }) => kekId),
    keys.map(({ wrapped }) => wrapped),
  ]);
}

/** For accounts that were opened before texts were sealed. */
export async function keepAccountKeys(
  db: Pool,
  keys: readonly { readonly accountId: string; readonly keyId: bigint }[],
): Promise<void> {
  const values = [keys.map(({ accountId }) => accountId), keys.map(({ keyId }) => keyId)];
  await db.query(KEEP_ACCOUNTS, values);
}
