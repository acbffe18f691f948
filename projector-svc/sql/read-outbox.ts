/**
 * Records of one partition behind a position, in order, bounded by count and by bytes; the first
 * always comes.
 */
import type pg from 'pg';
import type { LogRecord } from '../record-outline.ts';
import { recordOfRow, type OutboxRow } from './outbox-row.ts';

const SQL = `
  select seq, batch_id, previous_batch_id, traceparent, payload
    from (select o.*, sum(octet_length(payload)) over (order by seq) as bytes,
                 row_number() over (order by seq) as n
            from outbox o
           where o.partition = $1 and o.seq > $2
             and o.seq <= least($3::bigint, $2::bigint + $4::bigint)) as ahead
   where n = 1 or bytes <= $5
   order by seq`;

export type OutboxRange = {
  partition: number;
  afterSeq: bigint;
  untilSeq: bigint;
  recordsMax: number;
  bytesMax: number;
};

export async function readOutbox(pool: pg.Pool, range: OutboxRange): Promise<LogRecord[]> {
  const result = await pool.query<OutboxRow>({
    name: 'read_outbox',
    text: SQL,
    values: [range.partition, range.afterSeq, range.untilSeq, range.recordsMax, range.bytesMax],
  });
  return result.rows.map((row) => recordOfRow(range.partition, row));
}
