/**
 * What a watcher of a submission may be told next, in one statement and so in one snapshot: every
 * partition's head, the submission's totals if it is closed, and of each partition the first rows
 * behind what was told.
 */
import type pg from 'pg';

/** One row of an answer that holds several kinds. */
const NOTHING = `0::bigint as retry_no, 0::bigint as item_count, null::bytea as item_indexes,
         null::integer[] as partitions, null::bigint[] as seqs, null::text as traceparent,
         null::timestamptz as stored_at, null::timestamptz as projected_at,
         null::bigint[] as waiting`;
/** Indexes are needed to leave out those that wait, too. */
const TOLD = `a.seq, a.retry_no, a.item_count,
         case when $6 or w.waiting is not null then a.item_indexes end,
         a.other_partitions, a.other_seqs, a.traceparent, a.stored_at, a.projected_at, w.waiting`;
const WAITING = `
    cross join lateral (
      select array_agg(distinct i.item_index) as waiting from waiting_items i
       where i.tenant = $1 and i.submission_id = $2 and i.partition = a.partition
         and i.seq = a.seq) as w`;

const SQL = `
  select 'head' as kind, partition, seq, ${NOTHING}
    from projected_heads
  union all
  select 'unread', partition, seq, ${NOTHING}
    from dead_letters where is_unread
  union all
  select 'blocked', 0, 0, 0, count(distinct item_index), null, null, null, null, null, null, null
    from waiting_items where tenant = $1 and submission_id = $2
  union all
  select 'closed', 0, 0, 0, accepted, null, last_partitions, last_seqs, null, null, null, null
    from closed_submissions where tenant = $1 and submission_id = $2
  union all
  select 'row', t.partition, ${TOLD}
    from unnest($3::integer[], $4::bigint[]) as t (partition, seq)
    cross join lateral (
      select * from acknowledgements a
       where a.tenant = $1 and a.submission_id = $2 and a.partition = t.partition and a.seq > t.seq
         and a.retry_no = 0
       order by a.seq limit $7) as a ${WAITING}
  union all
  select 'row', t.partition, ${TOLD}
    from unnest($3::integer[], $5::bigint[]) as t (partition, retry_no)
    cross join lateral (
      select * from acknowledgements a
       where a.tenant = $1 and a.submission_id = $2 and a.partition = t.partition
         and a.retry_no > t.retry_no and a.retry_no > 0
       order by a.retry_no limit $7) as a ${WAITING}`;

type Row = {
  kind: 'head' | 'unread' | 'blocked' | 'closed' | 'row';
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
  waiting: bigint[] | null;
};

export type LogPosition = { partition: number; seq: bigint };

export type AcknowledgementRow = LogPosition & {
  retryNo: bigint;
  itemCount: bigint;
  itemIndexes: Buffer | undefined;
  /** Items that are not told, an account of theirs is parked; this row may hold some of them. */
  waiting: readonly bigint[];
  others: LogPosition[];
  traceparent: string | undefined;
  storedAt: Date | undefined;
  projectedAt: Date | undefined;
};

export type AcknowledgementPage = {
  heads: Map<number, bigint>;
  /** Records of which nothing is applied yet. */
  unread: LogPosition[];
  /** Count of the submission's items that wait for parked accounts, as far as records are read. */
  blocked: bigint;
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
    unread: rows
      .filter((row) => row.kind === 'unread')
      .map(({ partition, seq }) => ({
        partition,
        seq,
      })),
    blocked: rows.find((row) => row.kind === 'blocked')?.item_count ?? 0n,
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
    waiting: row.waiting ?? [],
    others: positionsOf(row),
    traceparent: row.traceparent ?? undefined,
    storedAt: row.stored_at ?? undefined,
    projectedAt: row.projected_at ?? undefined,
  };
}

function positionsOf(row: Row): LogPosition[] {
  return (row.partitions ?? []).map((partition, i) => ({ partition, seq: row.seqs?.[i] ?? 0n }));
}
