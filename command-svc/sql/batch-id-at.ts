/** Which batch stands at a position of the log. */
import type { Pool } from 'pg';

const SQL = 'select batch_id from outbox where partition = $1 and seq = $2';

/** Undefined: there is no such row. */
export async function batchIdAt(
  db: Pool,
  partition: number,
  seq: bigint,
): Promise<string | undefined> {
  const values = [partition, seq];
  const { rows } = await db.query<{ batch_id: string }>({
    name: 'batch-id-at',
    text: SQL,
    values,
  });
  return rows[0]?.batch_id;
}
