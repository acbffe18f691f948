/** One partition's head, and the accounts that are parked as of it. */
import type pg from 'pg';
import type { ProjectedHead } from '../project-batch.ts';

const SQL = `
  select h.seq, h.batch_id, h.retry_no, h.erasure_no,
         array(select a.account_id::text from parked_accounts a
                where a.partition = h.partition) as parked
    from projected_heads h where h.partition = $1`;

type Row = {
  seq: bigint;
  batch_id: string | null;
  retry_no: bigint;
  erasure_no: bigint;
  parked: string[];
};

export async function readProjectedHead(pool: pg.Pool, partition: number): Promise<ProjectedHead> {
  const result = await pool.query<Row>({
    name: 'read_projected_head',
    text: SQL,
    values: [partition],
  });
  const [row] = result.rows;
  if (row === undefined) throw new Error(`projected_heads has no row for partition ${partition}`);
  return {
    seq: row.seq,
    batchId: row.batch_id ?? undefined,
    retryNo: row.retry_no,
    erasureNo: row.erasure_no,
    parked: new Set(row.parked),
  };
}
