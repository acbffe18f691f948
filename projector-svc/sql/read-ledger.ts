/** Which log the event store holds, and over how many partitions. */
import type pg from 'pg';
import { NotSetUp } from '#platform/postgres.ts';

export type Ledger = { logId: string; partitionCount: number };

export async function readLedger(pool: pg.Pool): Promise<Ledger> {
  const result = await pool.query<{ log_id: string; partition_count: number }>(
    'select log_id, partition_count from ledger',
  );
  const [row] = result.rows;
  if (row === undefined) {
    throw new NotSetUp('the event store has no ledger row: run npm run db:setup');
  }
  return { logId: row.log_id, partitionCount: row.partition_count };
}
