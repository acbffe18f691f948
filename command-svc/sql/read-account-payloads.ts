/**
 * The payloads of an account's events from the first to the given version, to replay a state of an
 * older shape.
 */
import type { ClientBase, Pool } from 'pg';

const SQL = `
  select payload from events where account_id = $1 and version <= $2 order by version`;

export async function readAccountPayloads(
  db: ClientBase | Pool,
  accountId: string,
  version: bigint,
): Promise<Buffer[]> {
  const { rows } = await db.query<{ payload: Buffer }>({
    name: 'read-account-payloads',
    text: SQL,
    values: [accountId, version],
  });
  return rows.map((row) => row.payload);
}
