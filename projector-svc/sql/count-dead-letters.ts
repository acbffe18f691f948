/** How many dead letters and parked accounts there are, by partition. */
import type pg from 'pg';

const SQL = `
  select partition, sum(letters)::bigint as letters, sum(accounts)::bigint as accounts
    from (select partition, count(*) as letters, 0 as accounts from dead_letters group by partition
           union all
          select partition, 0, count(*) from parked_accounts group by partition) as counted
   group by partition`;

export type LetterCounts = { readonly letters: bigint; readonly accounts: bigint };

export async function countDeadLetters(pool: pg.Pool): Promise<Map<number, LetterCounts>> {
  const { rows } = await pool.query<LetterCounts & { partition: number }>({
    name: 'count_dead_letters',
    text: SQL,
  });
  return new Map(rows.map(({ partition, ...counts }) => [partition, counts]));
}
