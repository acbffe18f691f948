/**
 * Changes of what is stored of a rebuild. Each names the states that it goes out from, so that a
 * replica that comes late changes nothing.
 */
import type pg from 'pg';
import type { Difference, RebuildState } from './read-rebuild.ts';

type Db = pg.Pool | pg.PoolClient;

/**
 * Makes its tables too. Earlier ones that were dropped are forgotten, and tables that no rebuild is
 * of any more (a restore has brought them) are dropped.
 */
export async function insertRebuild(client: pg.PoolClient, rebuildId: string): Promise<void> {
  await client.query("delete from rebuilds where state = 'dropped'");
  await client.query("insert into rebuilds (rebuild_id, state) values ($1, 'running')", [
    rebuildId,
  ]);
  await client.query('select drop_rebuild()');
  await client.query('select make_rebuild()');
}

/** Answers whether it was in one of the states. */
export async function moveRebuild(
  db: Db,
  rebuildId: string,
  from: readonly RebuildState[],
  to: RebuildState,
  message = '',
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update rebuilds set state = $3, message = $4, events_per_second = 0
      where rebuild_id = $1 and state = any($2)`,
    [rebuildId, from, to, message],
  );
  return rowCount === 1;
}

const NOTE_PROGRESS = `
  with sums as (
    select sum(r.events)::bigint as events, sum(greatest(r.events, l.events))::bigint as total
      from rebuild.projected_heads r join public.projected_heads l using (partition))
  update rebuilds u set events = s.events, events_total = s.total, events_per_second = $2
    from sums s where u.rebuild_id = $1 and u.state in ('running', 'caught_up')
  returning s.events`;

/** Answers the events applied so far; undefined: it is not to run any more. */
export async function noteProgress(
  db: Db,
  rebuildId: string,
  eventsPerSecond: number,
): Promise<bigint | undefined> {
  const { rows } = await db.query<{ events: bigint }>({
    name: 'note_progress',
    text: NOTE_PROGRESS,
    values: [rebuildId, Math.round(eventsPerSecond)],
  });
  return rows[0]?.events;
}

/** `entries`: how many of them are of entries; undefined: that is known already. */
export async function noteDifferences(
  db: Db,
  rebuildId: string,
  { count, first }: { readonly count: bigint; readonly first: readonly Difference[] },
  entries?: bigint,
): Promise<void> {
  await db.query(
    `update rebuilds set differences = $2, first_differences = $3,
            entry_differences = coalesce($4, entry_differences)
      where rebuild_id = $1`,
    [rebuildId, count, JSON.stringify(first), entries],
  );
}
