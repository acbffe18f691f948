/** How far the projection is: every partition's head, and which table says so. */
import type pg from 'pg';

const SQL = `
  select partition, seq, batch_id, projected_at, filled_records, tableoid::bigint as table_id
    from projected_heads order by partition`;

type Row = {
  partition: number;
  seq: bigint;
  batch_id: string | null;
  projected_at: Date | null;
  filled_records: bigint;
  table_id: bigint;
};

export type HeadRow = {
  partition: number;
  seq: bigint;
  batchId: string | undefined;
  projectedAt: Date | undefined;
  filledRecords: bigint;
  /** Another one when a rebuilt projection has taken the place of this one. */
  tableId: bigint;
};

export async function readProjectedHeads(db: pg.Pool | pg.PoolClient): Promise<HeadRow[]> {
  const result = await db.query<Row>({ name: 'read_projected_heads', text: SQL });
  return result.rows.map((row) => ({
    partition: row.partition,
    seq: row.seq,
    batchId: row.batch_id ?? undefined,
    projectedAt: row.projected_at ?? undefined,
    filledRecords: row.filled_records,
    tableId: row.table_id,
  }));
}
