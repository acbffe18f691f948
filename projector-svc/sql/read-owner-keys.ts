/** Keys of sealed texts by their ids; those of erased owners come without a wrapped key. */
import type pg from 'pg';
import type { WrappedKey } from '#platform/key-ring.ts';
import type { StoredTextKey } from '#platform/text-key.ts';

const KEYS = `
  select key_id, owner_index, kek_id, wrapped_key, erasure_no
    from owner_keys where key_id = any($1::bigint[])`;
const KEKS = 'select kek_id, wrapped_secret from key_encryption_keys';

export type OwnerKeyRow = StoredTextKey & { readonly erasure_no: bigint | null };

export async function readOwnerKeys(
  pool: pg.Pool,
  keyIds: readonly bigint[],
): Promise<OwnerKeyRow[]> {
  const query = { name: 'read_owner_keys', text: KEYS, values: [keyIds] };
  return (await pool.query<OwnerKeyRow>(query)).rows;
}

/** The key-encryption keys in use, each with a secret that it wraps. */
export async function readKeks(pool: pg.Pool): Promise<WrappedKey[]> {
  const { rows } = await pool.query<{ kek_id: string; wrapped_secret: Buffer }>(KEKS);
  return rows.map(({ kek_id, wrapped_secret }) => ({ kekId: kek_id, wrapped: wrapped_secret }));
}
