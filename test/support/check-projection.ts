/**
 * The projection store against the event store and the file: heads equal with the same batch, one
 * entry an event that says what the event says, balances as of the newest event and to the cent
 * what the file gives.
 */
import { EventType } from '#proto/bank/event/v1/events.ts';
import { balanceChangeOf } from '#test/support/balance-change.ts';
import { expectedBalances, type Payroll } from '#test/support/payroll.ts';
import {
  readHeads,
  uuidOf,
  type EventRow,
  type HeadRow,
  type LogRecord,
  type Stores,
} from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

const PROJECTION_TIMEOUT_MS = 30_000;

type ProjectedHead = { partition: number; seq: bigint; batch_id: string | null };
type EntryRow = {
  account_id: string;
  version: bigint;
  type: number;
  recorded_micros: bigint;
  amount_minor: bigint;
  balance_after_minor: bigint;
  currency_code: string;
  operation_id: string | null;
  submission_id: string | null;
  item_index: bigint | null;
};
type BalanceRow = {
  account_id: string;
  version: bigint;
  currency_code: string;
  balance_minor: bigint;
};

/** Waits until every partition's projected head is the event store's, batch and all. */
export async function waitForProjection(stores: Stores): Promise<void> {
  let behind: string[] = [];
  await until(
    'the projection at the head of every partition',
    async () => {
      behind = headProblems(await readHeads(stores), await readProjectedHeads(stores));
      return behind.length === 0;
    },
    { timeoutMs: PROJECTION_TIMEOUT_MS, detail: () => behind.join('; ') },
  );
}

export async function readProjectedHeads({ projectionStore }: Stores): Promise<ProjectedHead[]> {
  const { rows } = await projectionStore.query<ProjectedHead>(
    'select partition, seq, batch_id from projected_heads order by partition',
  );
  return rows;
}

function headProblems(heads: readonly HeadRow[], projected: readonly ProjectedHead[]): string[] {
  const byPartition = new Map(projected.map((head) => [head.partition, head]));
  return heads.flatMap(({ partition, seq, batch_id }) => {
    const found = byPartition.get(partition);
    if (found?.seq === seq && found.batch_id === batch_id) return [];
    return [`partition ${partition}: ${found?.seq} (${found?.batch_id}) of ${seq} (${batch_id})`];
  });
}

export async function checkProjection(
  { projectionStore }: Stores,
  payrolls: readonly Payroll[],
  events: readonly EventRow[],
  log: readonly LogRecord[],
): Promise<string[]> {
  const accounts = payrolls.flatMap((payroll) => payroll.accounts.map((one) => one.accountId));
  const entries = await readEntries(projectionStore, accounts);
  const balances = await projectionStore.query<BalanceRow>(
    `select account_id, version, currency_code, balance_minor
       from balances where account_id = any($1::uuid[])`,
    [accounts],
  );
  return [
    ...entryProblems(entries, events, log),
    ...balanceProblems(balances.rows, payrolls, events),
  ];
}

export async function readEntries(
  projectionStore: Stores['projectionStore'],
  accounts: readonly string[],
): Promise<EntryRow[]> {
  const { rows } = await projectionStore.query<EntryRow>(
    `select account_id, version, type, (extract(epoch from recorded_at) * 1000000)::bigint
              as recorded_micros, amount_minor, balance_after_minor, currency_code, operation_id,
            submission_id, item_index
       from entries where account_id = any($1::uuid[])`,
    [accounts],
  );
  return rows;
}

export function entryProblems(
  entries: readonly EntryRow[],
  events: readonly EventRow[],
  log: readonly LogRecord[],
): string[] {
  const found = new Map(entries.map((entry) => [`${entry.account_id}/${entry.version}`, entry]));
  const problems = log.flatMap(({ batch, record }) => {
    const key = `${uuidOf(record.accountId)}/${record.version}`;
    const entry = found.get(key);
    if (entry === undefined) return [`entry ${key} is missing`];
    const wrong = differences(entry, batch, record);
    return wrong.length === 0 ? [] : [`entry ${key} differs from its event in ${wrong.join(', ')}`];
  });
  if (entries.length !== events.length) {
    problems.push(`${entries.length} entries of ${events.length} events`);
  }
  return problems;
}

function differences(
  entry: EntryRow,
  batch: LogRecord['batch'],
  record: LogRecord['record'],
): string[] {
  const part = batch.submissions[record.submissionNumber - 1];
  const after = record.event?.after;
  const same = {
    type: entry.type === record.type && record.type !== EventType.EVENT_TYPE_UNSPECIFIED,
    recorded_at: entry.recorded_micros === record.recordedAtMicros,
    amount: entry.amount_minor === balanceChangeOf(record.event?.body),
    balance: entry.balance_after_minor === after?.balanceMinor,
    currency: entry.currency_code === after?.currencyCode,
    operation_id: entry.operation_id === operationOf(record),
    submission: entry.submission_id === (part?.submissionId ?? null),
    item_index: entry.item_index === (part === undefined ? null : record.itemIndex),
  };
  return Object.entries(same)
    .filter(([, equal]) => !equal)
    .map(([name]) => name);
}

/** A credited leg names its transfer's operation, which is stored with the debited one. */
function operationOf({ operationId, event }: LogRecord['record']): string | null {
  const own =
    event?.body?.$case === 'transferReceived' ? event.body.value.operationId : operationId;
  return own.length > 0 ? uuidOf(own) : null;
}

function balanceProblems(
  balances: readonly BalanceRow[],
  payrolls: readonly Payroll[],
  events: readonly EventRow[],
): string[] {
  const newest = new Map<string, bigint>();
  for (const { account_id, version } of events) newest.set(account_id, version);
  const found = new Map(balances.map((row) => [row.account_id, row]));
  const problems: string[] = [];
  for (const [accountId, expected] of expectedBalances(payrolls)) {
    const row = found.get(accountId);
    if (!newest.has(accountId) && row === undefined) continue;
    if (row?.balance_minor !== expected) {
      problems.push(`balance of ${accountId} is ${row?.balance_minor}, the file gives ${expected}`);
    }
    if (row?.version !== newest.get(accountId)) {
      problems.push(`balance of ${accountId} is as of ${row?.version}, not its newest event`);
    }
  }
  return problems;
}
