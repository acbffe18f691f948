/** What a retry does to a letter by itself. */
import type pg from 'pg';

/** Of a record that only Kafka brought broken: the projection has passed its position. */
const DROP_PASSED = `
  delete from dead_letters d using projected_heads h
   where d.dead_letter_id = $1 and d.source = 'kafka'
     and h.partition = d.partition and d.seq <= h.seq`;
const FIND = `select from dead_letters where dead_letter_id = $1`;
const COUNT = `
  update dead_letters set retries = retries + 1 where dead_letter_id = any($1::uuid[])`;
const NOTE = `update dead_letters set message = $2 where dead_letter_id = $1`;

/** Answers whether it is gone, by this or before. */
export async function dropPassed(pool: pg.Pool, deadLetterId: string): Promise<boolean> {
  await pool.query(DROP_PASSED, [deadLetterId]);
  return (await pool.query(FIND, [deadLetterId])).rowCount === 0;
}

/** They have failed again. */
export async function countRetries(pool: pg.Pool, deadLetterIds: readonly string[]): Promise<void> {
  if (deadLetterIds.length > 0) await pool.query(COUNT, [deadLetterIds]);
}

/** Why it cannot even be tried. */
export async function noteWhy(pool: pg.Pool, deadLetterId: string, message: string): Promise<void> {
  await pool.query(NOTE, [deadLetterId, message]);
}
