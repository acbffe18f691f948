/** The key-encryption keys that the event store knows, each with the secret that it wraps. */
import type { ClientBase } from 'pg';
import type { WrappedKey } from '#platform/key-ring.ts';

const READ = 'select kek_id, wrapped_secret, seals_all from key_encryption_keys order by kek_id';
const ADD = `
  insert into key_encryption_keys (kek_id, wrapped_secret, seals_all)
  select $1, $2, coalesce((select bool_and(seals_all) from key_encryption_keys),
                          not exists (select from partition_heads where seq > 0))`;
/** One replica at a time makes the secret; it needs no other right than to add one. */
const LOCK = "select pg_advisory_xact_lock(hashtext('key_encryption_keys'))";

export type KnownKek = WrappedKey & {
  /** Nothing was stored before texts were sealed. */
  readonly sealsAll: boolean;
};

export async function lockKeks(client: ClientBase): Promise<void> {
  await client.query(LOCK);
}

export async function readKeks(client: Pick<ClientBase, 'query'>): Promise<KnownKek[]> {
  const { rows } = await client.query<{
    kek_id: string;
    wrapped_secret: Buffer;
    seals_all: boolean;
  }>(READ);
  return rows.map(({ kek_id, wrapped_secret, seals_all }) => {
    return { kekId: kek_id, wrapped: wrapped_secret, sealsAll: seals_all };
  });
}

export async function addKek(client: ClientBase, { kekId, wrapped }: WrappedKey): Promise<void> {
  await client.query(ADD, [kekId, wrapped]);
}
