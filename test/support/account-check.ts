/**
 * The check that a test of single accounts ends with, whatever commands they got: events and log
 * agree (checkEvents), each entry says what its event says, balances are those of the newest event
 * and the sum of the entries, and open holds are the same in both stores and add up to what is
 * held. It waits for the projection and throws once, with everything that is wrong.
 */
import { Event } from '#proto/bank/event/v1/events.ts';
import { checkEvents } from '#test/support/check-events.ts';
import { entryProblems, readEntries, waitForProjection } from '#test/support/check-projection.ts';
import {
  readEvents,
  readLogRecords,
  type EventRow,
  type Stores,
} from '#test/support/stored-rows.ts';

type Pool = Stores['eventStore'];

export async function checkAccounts(stores: Stores, accounts: readonly string[]): Promise<void> {
  await waitForProjection(stores);
  const events = await readEvents(stores, accounts);
  const log = await readLogRecords(stores, accounts);
  const entries = await readEntries(stores.projectionStore, accounts);
  const problems = [
    ...checkEvents(events, log, []),
    ...entryProblems(entries, events, log),
    ...(await balanceProblems(stores, accounts, events)),
    ...(await holdProblems(stores, accounts)),
  ];
  if (problems.length > 0) throw new Error(`the ledger is wrong:\n  ${problems.join('\n  ')}`);
}

type BalanceRow = {
  account_id: string;
  version: bigint;
  state: string;
  entries_minor: bigint;
  balance_minor: bigint;
};

async function balanceProblems(
  { projectionStore }: Stores,
  accounts: readonly string[],
  events: readonly EventRow[],
): Promise<string[]> {
  const { rows } = await projectionStore.query<BalanceRow>(
    `select account_id, version, balance_minor,
            concat_ws(' ', balance_minor, held_minor, overdraft_limit_minor, status,
                      debits_frozen, credits_frozen) as state,
            (select coalesce(sum(amount_minor), 0)::bigint from entries e
              where e.account_id = b.account_id) as entries_minor
       from balances b where account_id = any($1::uuid[])`,
    [accounts],
  );
  const newest = new Map(events.map((event) => [event.account_id, event]));
  const found = new Map(rows.map((row) => [row.account_id, row]));
  return [...newest].flatMap(([accountId, event]) => {
    const row = found.get(accountId);
    const state = stateText(event.payload);
    if (row?.state !== state) return [`balance of ${accountId}: ${row?.state}, its event ${state}`];
    if (row.version !== event.version) return [`balance of ${accountId} is not as of its newest`];
    if (row.entries_minor === row.balance_minor) return [];
    return [`entries of ${accountId} add up to ${row.entries_minor}, not ${row.balance_minor}`];
  });
}

function stateText(payload: Buffer): string {
  const { after } = Event.decode(payload);
  if (after === undefined) return 'none';
  const { balanceMinor, heldMinor, overdraftLimitMinor, status } = after;
  const flags = [after.debitsFrozen, after.creditsFrozen].map((flag) => (flag ? 't' : 'f'));
  return [balanceMinor, heldMinor, overdraftLimitMinor, status, ...flags].join(' ');
}

async function holdProblems(
  { eventStore, projectionStore }: Stores,
  accounts: readonly string[],
): Promise<string[]> {
  const [stored, projected] = [
    await readHolds(eventStore, accounts),
    await readHolds(projectionStore, accounts),
  ];
  const problems = [...stored, ...projected].filter(
    (hold) => !stored.includes(hold) || !projected.includes(hold),
  );
  const { rows } = await projectionStore.query<{ account_id: string }>(
    `select account_id from balances b where account_id = any($1::uuid[])
        and held_minor <> (select coalesce(sum(remaining_minor), 0) from open_holds h
                            where h.account_id = b.account_id)`,
    [accounts],
  );
  return [
    ...problems.map((hold) => `hold ${hold} stands in one store only`),
    ...rows.map((row) => `holds of ${row.account_id} do not add up to what is held`),
  ];
}

async function readHolds(pool: Pool, accounts: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ hold: string }>(
    `select concat_ws(' ', account_id, hold_id, remaining_minor, expires_at) as hold
       from open_holds where account_id = any($1::uuid[])`,
    [accounts],
  );
  return rows.map((row) => row.hold);
}
