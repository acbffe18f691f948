// At its start a service waits until the database has the migrations that its code needs:
// PostgreSQL may still be starting, and db:setup may still be running. It says once a while what it
// waits for, and goes on waiting until the process is stopped.
import type pg from 'pg';
import type { Logger } from './logger.ts';
import { SQL_STATE, isConnectionLost, sqlStateOf } from './sql-states.ts';
import { sleep } from './waiting.ts';

const POLL_MS = 200;
const SAY_EVERY_MS = 5000;

/** States of a database, role or table that db:setup has not made yet. */
const NOT_SET_UP = new Set<string>([
  SQL_STATE.undefinedTable,
  SQL_STATE.insufficientPrivilege,
  '3D000', // no such database
  '28000', // no such role
  '28P01', // its password is not set yet
]);

export async function waitForSchema(
  pool: pg.Pool,
  number: number,
  ctx: { log: Logger; stopping: AbortSignal },
): Promise<void> {
  let saidAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const { found, problem } = await look(pool);
    if (found !== undefined && found >= number) return;
    if (performance.now() - saidAt >= SAY_EVERY_MS) {
      saidAt = performance.now();
      ctx.log.info('Waiting for the database schema.', { needed: number, found, problem });
    }
    await sleep(POLL_MS, ctx.stopping);
  }
}

async function look(pool: pg.Pool): Promise<{ found?: number; problem?: string }> {
  try {
    const result = await pool.query<{ number: number }>(
      'select coalesce(max(number), 0)::int as number from migrations',
    );
    return { found: result.rows[0]?.number ?? 0 };
  } catch (error) {
    const state = sqlStateOf(error);
    const passing = isConnectionLost(error) || (state !== undefined && NOT_SET_UP.has(state));
    if (!passing || !(error instanceof Error)) throw error;
    return { problem: error.message };
  }
}
