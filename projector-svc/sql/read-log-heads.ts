/**
 * The event store's side of the comparison, in one snapshot: which log it is, each partition's
 * newest position, the batch at the position that the projection is at, and when the first record
 * behind it was stored.
 */
import type pg from 'pg';

const SQL = `
  select l.log_id, h.partition, h.seq, here.batch_id, next.stored_at as waiting_since
    from ledger l
    cross join partition_heads h
    left join unnest($1::integer[], $2::bigint[]) as at (partition, seq)
      on at.partition = h.partition
    left join outbox here on here.partition = h.partition and here.seq = at.seq
    left join outbox next on next.partition = h.partition and next.seq = at.seq + 1
   order by h.partition`;

type Row = {
  log_id: string;
  partition: number;
  seq: bigint;
  batch_id: string | null;
  waiting_since: Date | null;
};

export type LogHead = {
  partition: number;
  seq: bigint;
  /** Of the record at the projection's position; undefined when there is none. */
  batchIdHere: string | undefined;
  waitingSince: Date | undefined;
};

export type LogHeads = { logId: string; heads: LogHead[] };

export async function readLogHeads(
  pool: pg.Pool,
  positions: readonly { partition: number; seq: bigint }[],
): Promise<LogHeads> {
  const result = await pool.query<Row>({
    name: 'read_log_heads',
    text: SQL,
    values: [positions.map((at) => at.partition), positions.map((at) => at.seq)],
  });
  const [first] = result.rows;
  if (first === undefined)
    throw new Error('the event store has no ledger row or no partition_heads');
  const heads = result.rows.map((row) => ({
    partition: row.partition,
    seq: row.seq,
    batchIdHere: row.batch_id ?? undefined,
    waitingSince: row.waiting_since ?? undefined,
  }));
  return { logId: first.log_id, heads };
}
