/**
 * Empties every table of the projection and puts its heads back to 0, while it is in use. The heads
 * first: whoever projects holds the head of its partition before it touches another table.
 */
import type pg from 'pg';
import { withTransaction } from '#platform/postgres.ts';

const TABLES = `
  select string_agg(format('%I', tablename), ', ') as names from pg_tables
   where schemaname = 'public' and tablename not in ('migrations', 'projected_heads', 'rebuilds')`;
const HEADS = `
  update projected_heads
     set seq = 0, batch_id = null, projected_at = null, filled_records = 0, events = 0`;

export async function emptyProjection(projectionStore: pg.Pool): Promise<void> {
  await withTransaction(projectionStore, async (client) => {
    await client.query(HEADS);
    const { rows } = await client.query<{ names: string }>(TABLES);
    await client.query(`truncate ${rows[0]?.names}`);
  });
}
