/** The rebuild that is there, or the newest of those that were dropped; or one by its id. */
import type pg from 'pg';
import { z } from 'zod';
import { LOCK_CLASS } from '../session-locks.ts';

export type RebuildState = 'running' | 'stopped' | 'caught_up' | 'swapped' | 'dropped' | 'failed';

/** A row that differs: what the rebuild has is expected, what is live was found. */
export type Difference = z.infer<typeof Difference>;
const Difference = z.object({
  accountId: z.string(),
  version: z.string(),
  kind: z.string(),
  expected: z.string(),
  found: z.string(),
});
const Differences = z.array(Difference);

export type RebuildRow = {
  rebuildId: string;
  state: RebuildState;
  message: string;
  events: bigint;
  eventsTotal: bigint;
  eventsPerSecond: bigint;
  /** Of the entries alone, compared before the swap. */
  entryDifferences: bigint | undefined;
  /** undefined: not compared yet. */
  differences: bigint | undefined;
  firstDifferences: Difference[];
  startedAt: Date;
  /** A replica works on it. */
  isAlive: boolean;
};

/** The lock's id in its class: one rebuild at a time. */
export const THE_REBUILD = 1;

const SQL = `
  select rebuild_id, state, message, events, events_total, events_per_second, entry_differences,
         differences, first_differences, started_at,
         exists (select from pg_locks
                  where locktype = 'advisory' and granted and objsubid = 2
                    and classid = $2::bigint::oid and objid = $3::bigint::oid
                    and database = (select oid from pg_database
                                     where datname = current_database())) as is_alive
    from rebuilds where rebuild_id = coalesce($1, rebuild_id)
   order by state = 'dropped', started_at desc limit 1`;

type Row = {
  rebuild_id: string;
  state: RebuildState;
  message: string;
  events: bigint;
  events_total: bigint;
  events_per_second: bigint;
  entry_differences: bigint | null;
  differences: bigint | null;
  first_differences: unknown;
  started_at: Date;
  is_alive: boolean;
};

export async function readRebuild(
  db: pg.Pool | pg.PoolClient,
  rebuildId?: string,
): Promise<RebuildRow | undefined> {
  const { rows } = await db.query<Row>({
    name: 'read_rebuild',
    text: SQL,
    values: [rebuildId, LOCK_CLASS.rebuild, THE_REBUILD],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    rebuildId: row.rebuild_id,
    state: row.state,
    message: row.message,
    events: row.events,
    eventsTotal: row.events_total,
    eventsPerSecond: row.events_per_second,
    entryDifferences: row.entry_differences ?? undefined,
    differences: row.differences ?? undefined,
    firstDifferences: Differences.parse(row.first_differences),
    startedAt: row.started_at,
    isAlive: row.is_alive,
  };
}
