/** The first event of some accounts, AccountOpened, by which an account's owner is known. */
import type { Pool } from 'pg';

const SQL = `
  select account_id, payload
    from unnest($1::uuid[]) as x(account_id) join events using (account_id)
   where version = 1`;

export type OpenedEventRow = { readonly account_id: string; readonly payload: Buffer };

export async function readOpenedEvents(
  db: Pool,
  accountIds: readonly string[],
): Promise<OpenedEventRow[]> {
  const { rows } = await db.query<OpenedEventRow>({
    name: 'read-opened-events',
    text: SQL,
    values: [accountIds],
  });
  return rows;
}
