/** Which log this is, and into how many partitions it is divided. Both are fixed at set-up. */
import type { Pool } from 'pg';
import { NotSetUp } from '#platform/postgres.ts';

const SQL = `
  select l.log_id, l.partition_count, (select count(*)::integer from partition_heads) as head_count
    from ledger l`;

export type Ledger = { readonly logId: string; readonly partitionCount: number };

/** Throws NotSetUp when the event store was not set up, or not whole. */
export async function readLedger(db: Pool): Promise<Ledger> {
  const { rows } = await db.query<{ log_id: string; partition_count: number; head_count: number }>(
    SQL,
  );
  const row = rows[0];
  if (row === undefined) {
    throw new NotSetUp('the event store has no ledger row: run npm run db:setup');
  }
  if (row.head_count !== row.partition_count) {
    throw new NotSetUp(
      `partition_heads has ${row.head_count} rows, ledger says ${row.partition_count}: ` +
        'run npm run db:setup',
    );
  }
  return { logId: row.log_id, partitionCount: row.partition_count };
}
