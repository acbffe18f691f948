/**
 * Records of one partition behind a position, in order, bounded by count and by bytes; the first
 * always comes.
 */
import type pg from 'pg';
import { countEvents } from '../record-outline.ts';
import type { LogRecord } from '../record-outline.ts';

const SQL = `
  select seq, batch_id, traceparent, payload
    from (select o.*, sum(octet_length(payload)) over (order by seq) as bytes,
                 row_number() over (order by seq) as n
            from outbox o
           where o.partition = $1 and o.seq > $2
             and o.seq <= least($3::bigint, $2::bigint + $4::bigint)) as ahead
   where n = 1 or bytes <= $5
   order by seq`;

type Row = { seq: bigint; batch_id: string; traceparent: string | null; payload: Buffer };

export type OutboxRange = {
  partition: number;
  afterSeq: bigint;
  untilSeq: bigint;
  recordsMax: number;
  bytesMax: number;
};

export async function readOutbox(pool: pg.Pool, range: OutboxRange): Promise<LogRecord[]> {
  const result = await pool.query<Row>({
    name: 'read_outbox',
    text: SQL,
    values: [range.partition, range.afterSeq, range.untilSeq, range.recordsMax, range.bytesMax],
  });
  return result.rows.map((row) => ({
    partition: range.partition,
    seq: row.seq,
    batchId: row.batch_id,
    traceparent: row.traceparent ?? undefined,
    payload: row.payload,
    source: 'outbox',
    offset: undefined,
    eventCount: countEvents(row.payload),
  }));
}
