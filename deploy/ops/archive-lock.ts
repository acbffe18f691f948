/**
 * One who moves rows between the log and the archive at a time, each step of it in a transaction.
 */
import type pg from 'pg';
import { commit } from '#platform/postgres.ts';

const ADVISORY_KEY = 7_206_012; // any number that nothing else in the event store locks

export async function onlyOne<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  const { rows } = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1) as locked',
    [ADVISORY_KEY],
  );
  if (rows[0]?.locked !== true) {
    throw new Error('somebody else archives or unarchives on this event store');
  }
  try {
    return await work();
  } finally {
    await client.query('select pg_advisory_unlock($1)', [ADVISORY_KEY]);
  }
}

export async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await commit(client);
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
