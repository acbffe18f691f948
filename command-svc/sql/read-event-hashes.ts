/** The hashes of some events, as the table holds them, by account. */
import type { Pool } from 'pg';

const SQL = `
  select account_id, hash
    from events
    join unnest($1::uuid[], $2::bigint[]) as x(account_id, version) using (account_id, version)`;

type Row = { readonly account_id: string; readonly hash: Buffer };

/** One version of each account. */
export async function readEventHashes(
  db: Pool,
  versions: ReadonlyMap<string, bigint>,
): Promise<Map<string, string>> {
  if (versions.size === 0) return new Map();
  const values = [[...versions.keys()], [...versions.values()]];
  const { rows } = await db.query<Row>({ name: 'read-event-hashes', text: SQL, values });
  return new Map(rows.map(({ account_id, hash }) => [account_id, hash.toString('latin1')]));
}
