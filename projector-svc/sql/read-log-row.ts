/**
 * The event store's own row of one position, with the accounts that it names: the truth where a
 * record is in doubt.
 */
import type pg from 'pg';
import type { LogRecord } from '../record-outline.ts';
import { recordOfRow, type OutboxRow } from './outbox-row.ts';

const SQL = `
  select seq, batch_id, previous_batch_id, traceparent, account_ids::text[] as account_ids, payload
    from (select o.*, sum(octet_length(payload)) over (order by seq) as bytes,
                 row_number() over (order by seq) as n
            from outbox o
           where o.partition = $1 and o.seq = any($2::bigint[])) as wanted
   where n = 1 or bytes <= $3
   order by seq`;

type Row = OutboxRow & { account_ids: string[] };

export type LogRow = LogRecord & {
  /** Every account that its events are of is among them. */
  readonly accountIds: readonly string[];
};

/** In their order, bounded by bytes; the first always comes. */
export async function readLogRows(
  pool: pg.Pool,
  partition: number,
  seqs: readonly bigint[],
  bytesMax: number,
): Promise<LogRow[]> {
  const { rows } = await pool.query<Row>({
    name: 'read_log_rows',
    text: SQL,
    values: [partition, seqs, bytesMax],
  });
  return rows.map((row) => ({ ...recordOfRow(partition, row), accountIds: row.account_ids }));
}
