/** The accounts whose texts a key has sealed, behind one of them, a bounded number. */
import type pg from 'pg';

const SQL = `
  select account_id::text as account_id from account_keys
   where key_id = $1 and account_id > $2::uuid order by account_id limit $3`;

export async function readKeyAccounts(
  eventStore: pg.Pool,
  keyId: bigint,
  after: string,
  countMax: number,
): Promise<string[]> {
  const { rows } = await eventStore.query<{ account_id: string }>({
    name: 'read_key_accounts',
    text: SQL,
    values: [keyId, after, countMax],
  });
  return rows.map(({ account_id }) => account_id);
}
