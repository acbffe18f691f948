/** The newest version of each of some accounts; those without events are not among the rows. */
import type { Pool } from 'pg';

const SQL = `
  select a.account_id, e.version
    from unnest($1::uuid[]) as a(account_id)
   cross join lateral (select version from events
                        where account_id = a.account_id order by version desc limit 1) e`;

type Row = { readonly account_id: string; readonly version: bigint };

export async function readLastVersions(
  db: Pool,
  accountIds: readonly string[],
): Promise<Map<string, bigint>> {
  if (accountIds.length === 0) return new Map();
  const values = [accountIds];
  const { rows } = await db.query<Row>({ name: 'read-last-versions', text: SQL, values });
  return new Map(rows.map(({ account_id, version }) => [account_id, version]));
}
