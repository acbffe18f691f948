/**
 * Wraps all keys of the event store by the newest key-encryption key, and takes the others out of
 * use: from then on they may be destroyed, and with them every older copy of the keys (backups,
 * WAL), those of erased owners among them. Can be stopped anywhere and run again.
 */
import type pg from 'pg';
import type { KeyRing } from '#platform/key-ring.ts';
import { keyPlace, SECRET_PLACE } from '#platform/text-key.ts';

const KEYS_AT_ONCE = 500;

const KEKS = 'select kek_id, wrapped_secret, seals_all from key_encryption_keys order by since';
const ADD_KEK = `
  insert into key_encryption_keys (kek_id, wrapped_secret, seals_all) values ($1, $2, $3)
  on conflict do nothing`;
const OLDER = `
  select key_id, owner_index, kek_id, wrapped_key from owner_keys
   where key_id > $1 and kek_id <> $2 order by key_id limit $3`;
// One that was erased meanwhile stays so.
const REWRAP = `
  update owner_keys set kek_id = $2, wrapped_key = $3 where key_id = $1 and wrapped_key = $4`;
const RETIRE = 'delete from key_encryption_keys where kek_id <> $1 returning kek_id';

type KekRow = {
  readonly kek_id: string;
  readonly wrapped_secret: Buffer;
  readonly seals_all: boolean;
};
type KeyRow = {
  readonly key_id: string;
  readonly owner_index: Buffer;
  readonly kek_id: string;
  readonly wrapped_key: Buffer;
};

export type Rewrapped = { readonly keys: number; readonly retired: readonly string[] };

/** As the owner. Throws KeyRingError where a key-encryption key in use is not given. */
export async function rewrapKeys(eventStore: pg.ClientBase, ring: KeyRing): Promise<Rewrapped> {
  const { rows } = await eventStore.query<KekRow>(KEKS);
  const [known] = rows;
  if (known === undefined) return { keys: 0, retired: [] };
  const wrapped = { kekId: known.kek_id, wrapped: known.wrapped_secret };
  const secret = ring.wrap(ring.unwrap(wrapped, SECRET_PLACE), SECRET_PLACE);
  await eventStore.query(ADD_KEK, [secret.kekId, secret.wrapped, known.seals_all]);
  let keys = 0;
  for (let after = '0'; ;) {
    const page = await eventStore.query<KeyRow>(OLDER, [after, ring.newestId, KEYS_AT_ONCE]);
    for (const row of page.rows) keys += await rewrap(eventStore, ring, row);
    const last = page.rows.at(-1);
    if (last === undefined) break;
    after = last.key_id;
  }
  const retired = await eventStore.query<{ kek_id: string }>(RETIRE, [ring.newestId]);
  return { keys, retired: retired.rows.map(({ kek_id }) => kek_id) };
}

async function rewrap(eventStore: pg.ClientBase, ring: KeyRing, row: KeyRow): Promise<number> {
  const place = keyPlace(row.owner_index);
  const before = { kekId: row.kek_id, wrapped: row.wrapped_key };
  const { kekId, wrapped } = ring.wrap(ring.unwrap(before, place), place);
  const values = [row.key_id, kekId, wrapped, row.wrapped_key];
  return (await eventStore.query(REWRAP, values)).rowCount ?? 0;
}
