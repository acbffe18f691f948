/** One partition's head. */
import type pg from 'pg';
import type { ProjectedHead } from '../project-batch.ts';

const SQL = 'select seq, batch_id from projected_heads where partition = $1';

export async function readProjectedHead(pool: pg.Pool, partition: number): Promise<ProjectedHead> {
  const result = await pool.query<{ seq: bigint; batch_id: string | null }>({
    name: 'read_projected_head',
    text: SQL,
    values: [partition],
  });
  const [row] = result.rows;
  if (row === undefined) throw new Error(`projected_heads has no row for partition ${partition}`);
  return { seq: row.seq, batchId: row.batch_id ?? undefined };
}
