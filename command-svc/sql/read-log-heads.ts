/** The newest position of every partition, and which log it is, in one snapshot. */
import type { Pool } from 'pg';

const SQL = `
  select h.partition, h.seq, (select log_id from ledger) as log_id from partition_heads h`;

export type LogHeadRows = {
  readonly logId: string;
  readonly seqs: ReadonlyMap<number, bigint>;
};

type Row = { readonly partition: number; readonly seq: bigint; readonly log_id: string };

export async function readLogHeads(db: Pool): Promise<LogHeadRows> {
  const { rows } = await db.query<Row>({ name: 'read-log-heads', text: SQL });
  const [first] = rows;
  if (first === undefined) throw new Error('partition_heads has no rows: run npm run db:setup');
  return { logId: first.log_id, seqs: new Map(rows.map(({ partition, seq }) => [partition, seq])) };
}
