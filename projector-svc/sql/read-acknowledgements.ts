/**
 * What a watcher of a submission may be told next, in one statement and so in one snapshot: every
 * partition's head, the submission's totals if it is closed, and of each partition the first rows
 * behind what was told.
 */
import type pg from 'pg';

const SQL = `
  select 'head' as kind, partition, seq, 0::bigint as retry_no, 0::bigint as item_count,
         null::bytea as item_indexes, null::integer[] as partitions, null::bigint[] as seqs,
         null::text as traceparent, null::timestamptz as stored_at,
         null::timestamptz as projected_at
    from projected_heads
  union all
  select 'closed', 0, 0, 0, accepted, null, last_partitions, last_seqs, null, null, null
    from closed_submissions where tenant = $1 and submission_id = $2
  union all
  select 'row', t.partition, a.seq, a.retry_no, a.item_count, case when $6 then a.item_indexes end,
         a.other_partitions, a.other_seqs, a.traceparent, a.stored_at, a.projected_at
    from unnest($3::integer[], $4::bigint[]) as t (partition, seq)
    cross join lateral (
      select * from acknowledgements a
       where a.tenant = $1 and a.submission_id = $2 and a.partition = t.partition and a.seq > t.seq
         and a.retry_no = 0
       order by a.seq limit $7) as a
  union all
  select 'row', t.partition, a.seq, a.retry_no, a.item_count, case when $6 then a.item_indexes end,
         a.other_partitions, a.other_seqs, a.traceparent, a.stored_at, a.projected_at
    from unnest($3::integer[], $5::bigint[]) as t (partition, retry_no)
    cross join lateral (
      select * from acknowledgements a
       where a.tenant = $1 and a.submission_id = $2 and a.partition = t.partition
         and a.retry_no > t.retry_no and a.retry_no > 0
       order by a.retry_no limit $7) as a`;

type Row = {
  kind: 'head' | 'closed' | 'row';
  partition: number;
  seq: bigint;
  retry_no: bigint;
  item_count: bigint;
  item_indexes: Buffer | null;
  partitions: number[] | null;
  seqs: bigint[] | null;
  traceparent: string | null;
  stored_at: Date | null;
  projected_at: Date | null;
};

export type LogPosition = { partition: number; seq: bigint };

export type AcknowledgementRow = LogPosition & {
  retryNo: bigint;
  itemCount: bigint;
  itemIndexes: Buffer | undefined;
  others: LogPosition[];
  traceparent: string | undefined;
  storedAt: Date | undefined;
  projectedAt: Date | undefined;
};

export type AcknowledgementPage = {
  heads: Map<number, bigint>;
  closed: { accepted: bigint; lastPositions: LogPosition[] } | undefined;
  rows: AcknowledgementRow[];
};

export type AcknowledgementQuery = {
  tenant: string;
  submissionId: string;
  /** What was told, by partition. */
  seqs: ReadonlyMap<number, bigint>;
  retryNos: ReadonlyMap<number, bigint>;
  partitionCount: number;
  withIndexes: boolean;
  rowsPerPartition: number;
};

export async function readAcknowledgements(
  pool: pg.Pool,
  query: AcknowledgementQuery,
): Promise<AcknowledgementPage> {
  const partitions = Array.from({ length: query.partitionCount }, (_, partition) => partition);
  const { rows } = await pool.query<Row>({
    name: 'read_acknowledgements',
    text: SQL,
    values: [
      query.tenant,
      query.submissionId,
      partitions,
      partitions.map((partition) => query.seqs.get(partition) ?? 0n),
      partitions.map((partition) => query.retryNos.get(partition) ?? 0n),
      query.withIndexes,
      query.rowsPerPartition,
    ],
  });
  const closed = rows.find((row) => row.kind === 'closed');
  return {
    heads: new Map(
      rows.filter((row) => row.kind === 'head').map((row) => [row.partition, row.seq]),
    ),
    closed: closed && { accepted: closed.item_count, lastPositions: positionsOf(closed) },
    rows: rows.filter((row) => row.kind === 'row').map(rowOf),
  };
}

function rowOf(row: Row): AcknowledgementRow {
  return {
    partition: row.partition,
    seq: row.seq,
    retryNo: row.retry_no,
    itemCount: row.item_count,
    itemIndexes: row.item_indexes ?? undefined,
    others: positionsOf(row),
    traceparent: row.traceparent ?? undefined,
    storedAt: row.stored_at ?? undefined,
    projectedAt: row.projected_at ?? undefined,
  };
}

function positionsOf(row: Row): LogPosition[] {
  return (row.partitions ?? []).map((partition, i) => ({ partition, seq: row.seqs?.[i] ?? 0n }));
}
