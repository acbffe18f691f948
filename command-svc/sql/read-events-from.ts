/** An account's events from a version on, ascending: one page. */
import type { Pool } from 'pg';

const SQL = `
  select version, type, hash, payload, operation_id,
         (extract(epoch from recorded_at) * 1000000)::bigint as recorded_at
    from events where account_id = $1 and version >= $2
   order by version limit $3`;

export type StoredEventRow = {
  readonly version: bigint;
  readonly type: number;
  readonly hash: Buffer;
  readonly payload: Buffer;
  readonly operation_id: string | null;
  /** Microseconds since 1970. */
  readonly recorded_at: bigint;
};

export async function readEventsFrom(
  db: Pool,
  accountId: string,
  fromVersion: bigint,
  rowsMax: number,
): Promise<StoredEventRow[]> {
  const { rows } = await db.query<StoredEventRow>({
    name: 'read-events-from',
    text: SQL,
    values: [accountId, fromVersion, rowsMax],
  });
  return rows;
}
