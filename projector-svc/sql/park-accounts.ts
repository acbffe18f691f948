/** Parks accounts behind a dead letter, or moves parked ones behind another. */
import type pg from 'pg';

const PARK = `
  insert into parked_accounts (account_id, partition, dead_letter_id, parked_at)
    select x.id, $2, $3, now() from unnest($1::uuid[]) as x(id)
    on conflict (account_id) do nothing`;
const MOVE = `
  update parked_accounts set dead_letter_id = $2 where account_id = any($1::uuid[])`;
const COUNT = `
  select (select count(*) from parked_accounts) as accounts,
         (select count(*) from dead_letters where source = 'store') as letters`;

export type ParkedCounts = { readonly accounts: bigint; readonly letters: bigint };

/** Those that are parked already stay where they are. */
export async function insertParked(
  client: pg.ClientBase,
  accountIds: readonly string[],
  partition: number,
  deadLetterId: string,
): Promise<void> {
  await client.query(PARK, [accountIds, partition, deadLetterId]);
}

export async function moveParked(
  client: pg.ClientBase,
  accountIds: readonly string[],
  deadLetterId: string,
): Promise<void> {
  await client.query(MOVE, [accountIds, deadLetterId]);
}

export async function countParked(client: pg.ClientBase): Promise<ParkedCounts> {
  const { rows } = await client.query<ParkedCounts>(COUNT);
  const [counts] = rows;
  if (counts === undefined) throw new Error('a count answers one row');
  return counts;
}
