/** The accounts of the open holds that passed first, by the index on their time. */
import type { Pool } from 'pg';

const SQL = `
  select distinct account_id from (
    select account_id from open_holds
     where expires_at <= 'epoch'::timestamptz + $1::bigint * interval '1 microsecond'
       and account_id <> all($3::uuid[])
     order by expires_at limit $2) passed`;

/**
 * `holdsMax` bounds what is looked at; an account may have several of them. Those of the skipped
 * accounts are left out.
 */
export async function findPassedHolds(
  pool: Pool,
  nowMicros: bigint,
  holdsMax: number,
  skippedIds: readonly string[],
): Promise<string[]> {
  const { rows } = await pool.query<{ account_id: string }>({
    name: 'find-passed-holds',
    text: SQL,
    values: [nowMicros, holdsMax, skippedIds],
  });
  return rows.map((row) => row.account_id);
}
