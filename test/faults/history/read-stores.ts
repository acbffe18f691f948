/** What both stores hold at the end of a run: all of it is the run's own. */
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { readHeads, type Stores } from '#test/support/stored-rows.ts';
import type { AccountState, History, Projected, ProjectedEntry, StoredEvent } from './history.ts';
import { storedEvent } from './stored-event.ts';

type Held = Pick<History, 'events' | 'heads' | 'projected'>;

const CLOSED = 2;

export async function readStores(stores: Stores): Promise<Held> {
  const heads = await readHeads(stores);
  const events: StoredEvent[] = [];
  for (const { partition } of heads) events.push(...(await readLog(stores, partition)));
  return { heads, events, projected: await readProjected(stores) };
}

async function readLog({ eventStore }: Stores, partition: number): Promise<StoredEvent[]> {
  const { rows } = await eventStore.query<{ seq: bigint; payload: Buffer }>(
    'select seq, payload from outbox where partition = $1 order by seq',
    [partition],
  );
  return rows.flatMap(({ seq, payload }) => {
    const batch = EventBatch.decode(payload);
    return batch.events.map((record) => storedEvent(batch, seq, record));
  });
}

type BalanceRow = {
  account_id: string;
  version: bigint;
  balance_minor: bigint;
  held_minor: bigint;
  overdraft_limit_minor: bigint;
  debits_frozen: boolean;
  credits_frozen: boolean;
  status: number;
};
type EntryRow = {
  account_id: string;
  version: bigint;
  amount_minor: bigint;
  balance_after_minor: bigint;
  submission_id: string | null;
  item_index: bigint | null;
};

async function readProjected({ projectionStore }: Stores): Promise<Projected> {
  const balances = await projectionStore.query<BalanceRow>(
    `select account_id, version, balance_minor, held_minor, overdraft_limit_minor, debits_frozen,
            credits_frozen, status
       from balances`,
  );
  const entries = await projectionStore.query<EntryRow>(
    `select account_id, version, amount_minor, balance_after_minor, submission_id, item_index
       from entries`,
  );
  const holds = await projectionStore.query<{ hold: string }>(
    "select concat_ws(' ', account_id, hold_id, remaining_minor) as hold from open_holds",
  );
  return {
    accounts: new Map(
      balances.rows.map((row) => [
        row.account_id,
        { version: row.version, state: projectedState(row) },
      ]),
    ),
    entries: new Map(
      entries.rows.map((row) => [`${row.account_id}/${row.version}`, projectedEntry(row)]),
    ),
    holds: new Set(holds.rows.map(({ hold }) => hold)),
  };
}

function projectedState(row: BalanceRow): AccountState {
  return {
    balanceMinor: row.balance_minor,
    heldMinor: row.held_minor,
    limitMinor: row.overdraft_limit_minor,
    debitsFrozen: row.debits_frozen,
    creditsFrozen: row.credits_frozen,
    isClosed: row.status === CLOSED,
  };
}

function projectedEntry(row: EntryRow): ProjectedEntry {
  const { amount_minor: changeMinor, balance_after_minor: balanceMinor } = row;
  const item =
    row.submission_id === null || row.item_index === null
      ? undefined
      : { submissionId: row.submission_id, index: Number(row.item_index) };
  return { changeMinor, balanceMinor, item };
}
