/**
 * The locks of a swap. First those that only vacuum and other changes of tables mind: an autovacuum
 * that runs is ended by PostgreSQL once it is waited for, and none begins. At the end those that
 * readers mind, all tables in one statement that waits for a moment only and else gives way:
 * readers wait for it no longer than that, and one that holds a table and wants another is let
 * through. Writers must be locked out before that.
 */
import { status } from '@grpc/grpc-js';
import type pg from 'pg';
import { refusal } from '#platform/grpc-errors.ts';
import { SQL_STATE, sqlStateOf } from '#platform/postgres.ts';
import { sleep } from '#platform/waiting.ts';
import { REBUILD } from '../bounds.ts';

const TABLES = [
  'balances',
  'open_holds',
  'entries',
  'entry_links',
  'closed_submissions',
  'acknowledgements',
  'projected_heads',
];
const ALL = TABLES.flatMap((name) => [`public.${name}`, `rebuild.${name}`]).join(', ');
const lockAll = (mode: string): string => `lock table ${ALL} in ${mode} mode`;

export async function keepVacuumAway(client: pg.PoolClient): Promise<void> {
  await client.query(lockAll('share update exclusive'));
}

/** Nothing is projected from here on: a move of a head leads every transaction that does. */
export async function lockHeads(client: pg.PoolClient): Promise<void> {
  await client.query('lock table public.projected_heads in exclusive mode');
}

export async function lockTables(client: pg.PoolClient): Promise<void> {
  for (let attempt = 1; attempt <= REBUILD.swapLockTries; attempt++) {
    await client.query('savepoint unlocked');
    await client.query(`set local statement_timeout = ${REBUILD.swapLockMs}`);
    try {
      await client.query(lockAll('access exclusive'));
      await client.query('set local statement_timeout = default');
      return;
    } catch (error) {
      const state = sqlStateOf(error);
      if (state !== SQL_STATE.queryCanceled && state !== SQL_STATE.lockTimeout) throw error;
      await client.query('rollback to savepoint unlocked');
      await sleep(REBUILD.swapPauseMs * (0.5 + Math.random()));
    }
  }
  const message = 'somebody reads the projection for long: try again, or end what reads';
  throw refusal(status.UNAVAILABLE, 'PROJECTION_UNAVAILABLE', message, {
    retryAfterMs: REBUILD.retryAfterMs,
  });
}
