/**
 * How many accounts are parked, and how many dead letters are kept, now: counted again and again,
 * so no further than a bound above what there may be of each.
 */
import type pg from 'pg';
import { DEAD_LETTERS } from '../config.ts';
import type { ParkedCounts } from './park-accounts.ts';

const SQL = `
  select (select count(*) from (select from parked_accounts limit $1) a) as accounts,
         (select count(*) from (select from dead_letters limit $1) l) as letters`;
const COUNTED_MAX = 2 * (DEAD_LETTERS.parkedMax + DEAD_LETTERS.keptMax);

export async function countKept(pool: pg.Pool): Promise<ParkedCounts> {
  const { rows } = await pool.query<ParkedCounts>({
    name: 'count_kept',
    text: SQL,
    values: [COUNTED_MAX],
  });
  const [counts] = rows;
  if (counts === undefined) throw new Error('a count answers one row');
  return counts;
}
