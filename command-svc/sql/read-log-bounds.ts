/**
 * Between which positions the log of each partition stands in the table `outbox`: up to its head,
 * and from behind what has gone to the archive; with which log it is, in one snapshot.
 */
import type { Pool } from 'pg';

const SQL = `
  select h.partition, h.seq, (select log_id from ledger) as log_id, a.archived,
         exists (select from outbox o where o.partition = h.partition and o.seq <= a.archived)
           as both_places
    from partition_heads h,
         lateral (select coalesce(max(last_seq), 0) as archived from archived_ranges r
                   where r.partition = h.partition) a
   order by h.partition`;

export type LogBounds = {
  readonly partition: number;
  readonly head: bigint;
  /** Every position up to this one is in the archive; 0: none. */
  readonly archived: bigint;
  /** Some of these still stand in the log, which no archiving leaves so. */
  readonly bothPlaces: boolean;
};

type Row = {
  readonly partition: number;
  readonly seq: bigint;
  readonly log_id: string;
  readonly archived: bigint;
  readonly both_places: boolean;
};

export async function readLogBounds(
  db: Pool,
): Promise<{ logId: string; partitions: readonly LogBounds[] }> {
  const { rows } = await db.query<Row>({ name: 'read-log-bounds', text: SQL });
  const [first] = rows;
  if (first === undefined) throw new Error('partition_heads has no rows: run npm run db:setup');
  const partitions = rows.map(({ partition, seq, archived, both_places: bothPlaces }) => {
    return { partition, head: seq, archived, bothPlaces };
  });
  return { logId: first.log_id, partitions };
}
