/** Lets accounts go, as far as their events are applied, and letters for which nobody waits. */
import type pg from 'pg';

const PASS = `
  delete from waiting_records where account_id = any($1::uuid[]) and seq = $2`;
const RELEASE = `
  delete from parked_accounts p
   where p.dead_letter_id = $1
     and not exists (select from waiting_records w where w.account_id = p.account_id)
  returning account_id::text`;
const WAITING_AT = `
  select p.account_id::text from parked_accounts p join waiting_records w using (account_id)
   where p.partition = $1 and w.seq = $2`;
const READ = `update dead_letters set is_unread = false where dead_letter_id = $1`;
const LET_GO = `
  delete from dead_letters d
   where d.dead_letter_id = $1 and not d.is_unread
     and not exists (select from parked_accounts p where p.dead_letter_id = d.dead_letter_id)`;
const FIND = `select from dead_letters where dead_letter_id = $1`;

type Account = { account_id: string };

/** The events of these accounts at seq are applied. */
export async function passRecord(
  client: pg.ClientBase,
  accountIds: readonly string[],
  seq: bigint,
): Promise<void> {
  await client.query(PASS, [accountIds, seq]);
}

/** Those for which nothing waits any more. */
export async function releaseAccounts(
  client: pg.ClientBase,
  deadLetterId: string,
): Promise<string[]> {
  const { rows } = await client.query<Account>(RELEASE, [deadLetterId]);
  return rows.map(({ account_id }) => account_id);
}

/** Every parked account that the record at seq may have events of. */
export async function accountsWaitingAt(
  client: pg.ClientBase,
  partition: number,
  seq: bigint,
): Promise<Set<string>> {
  const { rows } = await client.query<Account>(WAITING_AT, [partition, seq]);
  return new Set(rows.map(({ account_id }) => account_id));
}

/** What its record says beside its events is applied. */
export async function markRead(client: pg.ClientBase, deadLetterId: string): Promise<void> {
  await client.query(READ, [deadLetterId]);
}

/** Answers whether it is gone, by this or before. */
export async function letGo(client: pg.ClientBase, deadLetterId: string): Promise<boolean> {
  await client.query(LET_GO, [deadLetterId]);
  return (await client.query(FIND, [deadLetterId])).rowCount === 0;
}
