/**
 * A statement that goes on until it is told to end, with its locks: not one that only waits for its
 * client, which is ended after some seconds.
 */
import type pg from 'pg';
import { until } from '#test/support/until.ts';

/** `sql` sleeps somewhere; answers when it does. The answer ends it, and its transaction. */
export async function atWork(pool: pg.Pool, sql: string): Promise<() => Promise<void>> {
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = rows[0]?.pid;
  const working = client.query(sql).then(
    () => 'it ended by itself',
    (error: unknown) => String(error),
  );
  await until('it sleeps', async () => {
    const { rowCount } = await pool.query(
      "select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'",
      [pid],
    );
    return rowCount === 1;
  });
  return async () => {
    await pool.query('select pg_cancel_backend($1)', [pid]);
    await working;
    client.release();
  };
}
