/**
 * At its start a service waits until its database has the migrations that the code needs, and the
 * rows that db:setup makes: PostgreSQL may still be starting, and db:setup may still be running.
 * It says once a while for whom it waits, and goes on until the process is stopped.
 */
import type pg from 'pg';
import type { Logger } from './logger.ts';
import { SQL_STATE, isConnectionLost, sqlStateOf } from './sql-states.ts';
import { backoffMs, sleep } from './waiting.ts';

export type Waiting = { log: Logger; stopping: AbortSignal };

const POLL = { firstMs: 200, maxMs: 500 } as const;
const SAY_EVERY_MS = 5_000;

/** States of a database, role or table that db:setup has not made yet. */
const NOT_SET_UP = new Set<string>([
  SQL_STATE.undefinedTable,
  SQL_STATE.insufficientPrivilege,
  '3D000', // no such database
  '28000', // no such role
  '28P01', // its password is not set yet
]);

/** What stands in the database is not all that there must be: db:setup has not run, or not yet. */
export class NotSetUp extends Error {
  override readonly name = 'NotSetUp';
}

export async function waitForSchema(
  pool: pg.Pool,
  number: number,
  ctx: Waiting,
  store = 'the database',
): Promise<void> {
  await whenThere(`${store}, schema ${number}`, ctx, async () => {
    const result = await pool.query<{ number: number }>(
      'select coalesce(max(number), 0)::int as number from migrations',
    );
    const found = result.rows[0]?.number ?? 0;
    if (found < number) throw new NotSetUp(`its schema is ${found}: run npm run db:setup`);
  });
}

/** Asks until it is answered; throws what waiting does not mend. */
export async function whenThere<T>(
  part: string,
  { log, stopping }: Waiting,
  ask: () => Promise<T>,
): Promise<T> {
  let saidMs = Number.NEGATIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Error) || !isPassing(error)) throw error;
      if (performance.now() - saidMs >= SAY_EVERY_MS) {
        saidMs = performance.now();
        log.warn(`Waiting for ${part}.`, { problem: error.message });
      }
    }
    await sleep(backoffMs(POLL, attempt), stopping);
  }
}

function isPassing(error: Error): boolean {
  if (error instanceof NotSetUp || isConnectionLost(error)) return true;
  const state = sqlStateOf(error);
  return state !== undefined && NOT_SET_UP.has(state);
}
