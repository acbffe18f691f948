/** How far the projection is: every partition's head. */
import type pg from 'pg';

const SQL = `
  select partition, seq, batch_id, projected_at, filled_records
    from projected_heads order by partition`;

type Row = {
  partition: number;
  seq: bigint;
  batch_id: string | null;
  projected_at: Date | null;
  filled_records: bigint;
};

export type HeadRow = {
  partition: number;
  seq: bigint;
  batchId: string | undefined;
  projectedAt: Date | undefined;
  filledRecords: bigint;
};

export async function readProjectedHeads(pool: pg.Pool): Promise<HeadRow[]> {
  const result = await pool.query<Row>({ name: 'read_projected_heads', text: SQL });
  return result.rows.map((row) => ({
    partition: row.partition,
    seq: row.seq,
    batchId: row.batch_id ?? undefined,
    projectedAt: row.projected_at ?? undefined,
    filledRecords: row.filled_records,
  }));
}
