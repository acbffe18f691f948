/**
 * Destroys an owner's living key, if there is one, and tells what is known of the owner then. The
 * number of an erasure is given under a lock that is held to the commit: numbers are seen in order.
 * The audit has it in the same transaction.
 */
import type { Pool } from 'pg';
import { writeAudit } from '#platform/audit.ts';
import type { Caller } from '#platform/caller.ts';
import { withTransaction } from '#platform/postgres.ts';

const LOCK = "select pg_advisory_xact_lock(hashtext('owner_keys.erasure_no'))";
const ERASE = `
  update owner_keys
     set wrapped_key = null, kek_id = null, erased_at = now(), erased_by = $2, erased_why = $3,
         erasure_no = (select coalesce(max(erasure_no), 0) + 1 from owner_keys)
   where owner_index = $1 and erased_at is null`;
const TELL = `
  select max(k.erased_at) as erased_at, count(a.account_id)::bigint as accounts,
         array_agg(distinct k.key_id) as key_ids
    from owner_keys k left join account_keys a using (key_id) where k.owner_index = $1`;

export type Erasure = { readonly caller: Caller; readonly why: string };
export type ErasedOwner = {
  readonly erasedAt: Date;
  readonly accounts: bigint;
  readonly keyIds: readonly bigint[];
};

type Told = {
  readonly erased_at: Date | null;
  readonly accounts: bigint;
  readonly key_ids: bigint[];
};

/** Undefined: there is no such owner. */
export async function eraseOwnerKey(
  db: Pool,
  ownerIndex: Buffer,
  { caller, why }: Erasure,
): Promise<ErasedOwner | undefined> {
  return withTransaction(db, async (client) => {
    await client.query(LOCK);
    const by = `${caller.subject} ${caller.peer}`.trim();
    const { rowCount } = await client.query(ERASE, [ownerIndex, by, why]);
    const { rows } = await client.query<Told>(TELL, [ownerIndex]);
    const [told] = rows;
    if (told === undefined || told.erased_at === null) return undefined;
    const { erased_at: erasedAt, accounts, key_ids: keyIds } = told;
    const how = rowCount === 0 ? 'erased before' : `keys ${keyIds.join(', ')}`;
    const detail = `${how}, of ${accounts} accounts: ${why}`;
    await writeAudit(client, { caller, action: 'EraseOwner', detail });
    return { erasedAt, accounts, keyIds };
  });
}

const SINCE = `
  select key_id, erasure_no from owner_keys
   where erasure_no > $1 order by erasure_no limit $2`;

export type ErasedKey = { readonly keyId: bigint; readonly erasureNo: bigint };

/** Erasures above a number, in their order. */
export async function readErasures(
  db: Pool,
  after: bigint,
  countMax: number,
): Promise<ErasedKey[]> {
  const { rows } = await db.query<{ key_id: bigint; erasure_no: bigint }>({
    name: 'read-erasures',
    text: SINCE,
    values: [after, countMax],
  });
  return rows.map(({ key_id, erasure_no }) => ({ keyId: key_id, erasureNo: erasure_no }));
}
