/** The newest position of one partition of the log; 0: it has none. */
import type pg from 'pg';

const SQL = 'select seq from partition_heads where partition = $1';

export async function readLogHead(pool: pg.Pool, partition: number): Promise<bigint> {
  const { rows } = await pool.query<{ seq: bigint }>({
    name: 'read_log_head',
    text: SQL,
    values: [partition],
  });
  return rows[0]?.seq ?? 0n;
}
