/**
 * Accepted items of a submission that cannot be told because nothing of a record can be read: those
 * that count in it, as the event store has them beside its log, and those of rows that name it.
 */
import type pg from 'pg';
import type { LogPosition } from './read-acknowledgements.ts';

const COUNTED_THERE = `
  select coalesce(sum(b.accepted), 0)::bigint as items
    from unnest($3::integer[], $4::bigint[]) as u (partition, seq)
    join submission_batches b on b.tenant = $1 and b.submission_id = $2
     and b.partition = u.partition and b.seq = u.seq`;
const NAMING_IT = `
  select coalesce(sum(a.item_count), 0)::bigint as items
    from acknowledgements a
   where a.tenant = $1 and a.submission_id = $2
     and exists (
       select from unnest(a.other_partitions, a.other_seqs) as o (partition, seq)
         join unnest($3::integer[], $4::bigint[]) as u (partition, seq) using (partition, seq))`;

type Submission = { readonly tenant: string; readonly submissionId: string };

/** From the event store. */
export async function countUnreadItems(
  eventStore: pg.Pool,
  submission: Submission,
  unread: readonly LogPosition[],
): Promise<bigint> {
  return count(eventStore, COUNTED_THERE, submission, unread);
}

/** From the projection. */
export async function countHeldItems(
  projection: pg.Pool,
  submission: Submission,
  unread: readonly LogPosition[],
): Promise<bigint> {
  return count(projection, NAMING_IT, submission, unread);
}

async function count(
  pool: pg.Pool,
  sql: string,
  { tenant, submissionId }: Submission,
  unread: readonly LogPosition[],
): Promise<bigint> {
  const places = [unread.map(({ partition }) => partition), unread.map(({ seq }) => seq)];
  const values = [tenant, submissionId, ...places];
  const { rows } = await pool.query<{ items: bigint }>(sql, values);
  return rows[0]?.items ?? 0n;
}
