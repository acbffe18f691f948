/**
 * How far the log may go to the archive, and which rows make the next file. Never a row that the
 * projection has not passed, or stands at (its batch_id tells an older event store); nothing while
 * a rebuild reads the log or events wait there for a retry. What is left in a partition is always
 * the newest part of it, without a gap.
 */
import type pg from 'pg';

/** Rows of one file, held in memory while it is written. */
export const FILE_ROWS_MAX = 5000;
export const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** Beside payload and account ids, about. */
const ROW_BYTES = 200;
const ID_BYTES = 20;

export type PartitionLimit = { partition: number; untilSeq: bigint };

/** The last position of each partition that may go. */
export async function archiveLimits(projectionStore: pg.Client): Promise<PartitionLimit[]> {
  const { rows } = await projectionStore.query<{ is_parked: boolean; is_rebuilt: boolean }>(
    `select exists (select from parked_accounts) as is_parked,
            exists (select from rebuilds
                     where state in ('running', 'stopped', 'caught_up', 'failed')) as is_rebuilt`,
  );
  if (rows[0]?.is_parked === true) {
    throw new Error('accounts are parked, and their events wait in the log: retry them first');
  }
  if (rows[0]?.is_rebuilt === true) {
    throw new Error('a rebuild reads the log from its beginning: swap it in or drop it first');
  }
  const heads = await projectionStore.query<{ partition: number; seq: string }>(
    'select partition, seq::text from projected_heads order by partition',
  );
  return heads.rows.map(({ partition, seq }) => ({ partition, untilSeq: BigInt(seq) - 1n }));
}

export type FileRange = {
  partition: number;
  firstSeq: bigint;
  lastSeq: bigint;
  firstStoredAt: string;
  lastStoredAt: string;
  batchIds: string[];
};

const NEXT = `
  with oldest as (select min(seq) as seq from outbox where partition = $1)
  select min(seq)::text as first, max(seq)::text as last,
         to_json(min(stored_at)) #>> '{}' as first_stored_at,
         to_json(max(stored_at)) #>> '{}' as last_stored_at,
         array_agg(batch_id::text order by seq) as batch_ids
    from (select o.seq, o.batch_id, o.stored_at, first.seq as first,
                 row_number() over w as n, bool_and(o.stored_at < $3) over w as is_old,
                 sum(octet_length(o.payload) + ${ID_BYTES} * cardinality(o.account_ids)
                     + ${ROW_BYTES}) over w as bytes
            from oldest first
            join outbox o on o.partition = $1 and o.seq >= first.seq and o.seq <= $2
                         and o.seq < first.seq + $4
          window w as (order by o.seq)) as next
   where is_old and seq = first + n - 1 and (n = 1 or bytes <= $5)`;

type NextRow = {
  first: string | null;
  last: string | null;
  first_stored_at: string;
  last_stored_at: string;
  batch_ids: string[];
};

/** undefined: no row is old enough, or the rest must stay. */
export async function nextRange(
  eventStore: pg.Client,
  { partition, untilSeq }: PartitionLimit,
  olderThan: Date,
): Promise<FileRange | undefined> {
  const values = [partition, untilSeq, olderThan, FILE_ROWS_MAX, FILE_BYTES_MAX];
  const { rows } = await eventStore.query<NextRow>(NEXT, values);
  const [row] = rows;
  if (row === undefined || row.first === null || row.last === null) return undefined;
  return {
    partition,
    firstSeq: BigInt(row.first),
    lastSeq: BigInt(row.last),
    firstStoredAt: row.first_stored_at,
    lastStoredAt: row.last_stored_at,
    batchIds: row.batch_ids,
  };
}
