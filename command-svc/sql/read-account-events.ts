/** Events by account and version, for the receipts of operations executed before. */
import type { ClientBase, Pool } from 'pg';

const SQL = `
  select account_id, version, operation_id, payload,
         (extract(epoch from recorded_at) * 1000000)::bigint as recorded_at
    from events
    join unnest($1::uuid[], $2::bigint[]) as x(account_id, version) using (account_id, version)`;

export type AccountEventRow = {
  readonly account_id: string;
  readonly version: bigint;
  readonly operation_id: string | null;
  readonly payload: Buffer;
  readonly recorded_at: bigint;
};

export async function readAccountEvents(
  db: ClientBase | Pool,
  keys: readonly { readonly accountId: string; readonly version: bigint }[],
): Promise<AccountEventRow[]> {
  const { rows } = await db.query<AccountEventRow>({
    name: 'read-account-events',
    text: SQL,
    values: [keys.map((key) => key.accountId), keys.map((key) => key.version)],
  });
  return rows;
}
