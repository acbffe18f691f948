/** What a retry does to a letter by itself. */
import type pg from 'pg';

/** Of a record that only Kafka brought broken: the projection has passed its position. */
const DROP_PASSED = `
  delete from dead_letters d using projected_heads h
   where d.dead_letter_id = $1 and d.source = 'kafka'
     and h.partition = d.partition and d.seq <= h.seq`;
const FIND = `select from dead_letters where dead_letter_id = $1`;
const COUNT = `
  update dead_letters set retries = retries + 1, message = coalesce($2, message)
   where dead_letter_id = any($1::uuid[])`;

/** Answers whether it is gone, by this or before. */
export async function dropPassed(pool: pg.Pool, deadLetterId: string): Promise<boolean> {
  await pool.query(DROP_PASSED, [deadLetterId]);
  return (await pool.query(FIND, [deadLetterId])).rowCount === 0;
}

/** They have failed again; `why`: for another reason than the one that is kept. */
export async function countRetries(
  pool: pg.Pool,
  deadLetterIds: readonly string[],
  why?: string,
): Promise<void> {
  if (deadLetterIds.length > 0) await pool.query(COUNT, [deadLetterIds, why]);
}
