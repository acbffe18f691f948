// A rebuild of the projection fills, or keeps, tables beside the live ones, which a migration would
// not change: those that it swaps in would be of the older schema. So it goes first.
import type pg from 'pg';

/** Throws while there is one. */
export async function refuseWithRebuild(client: pg.ClientBase): Promise<void> {
  const known = await client.query<{ yes: boolean }>(
    "select to_regclass('public.rebuilds') is not null as yes",
  );
  if (known.rows[0]?.yes !== true) return;
  const { rows } = await client.query<{ rebuild_id: string; state: string }>(
    "select rebuild_id, state from rebuilds where state <> 'dropped'",
  );
  const [rebuild] = rows;
  if (rebuild === undefined) return;
  const { rebuild_id: id, state } = rebuild;
  throw new Error(
    `the projection store has a migration to apply, and rebuild ${id} is there (${state}), whose ` +
      'tables it would not change: drop the rebuild first, by grpcurl -plaintext ' +
      `-d '{"rebuild_id":"${id}"}' HOST:50053 bank.v1.ProjectorService/DropRebuild`,
  );
}
