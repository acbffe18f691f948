/**
 * An entry as the statements of this folder read it: its columns, the row, and its mapping to the
 * view that answers are made of.
 */
import { AccountState, EventType } from '#proto/bank/event/v1/events.ts';
import type { EntryView } from '../entry-view.ts';

/** Of `entries e` and ENTRY_LINKS. */
export const ENTRY_COLUMNS = `e.version as entry_version, e.type,
    (extract(epoch from e.recorded_at) * 1000000)::bigint as recorded_at_micros,
    e.amount_minor, e.balance_after_minor, e.currency_code as entry_currency_code,
    e.operation_id, e.submission_id, e.item_index, e.reference, e.value_date, e.state_after,
    named.counterpart_account_id, named.counterpart_version, named.hold_id, named.reversed_version,
    undone.reversed_by_version`;

/**
 * Behind `entries e`: what an entry names, and by which it is undone. Deposits name nothing, and
 * what has changed no balance is never undone, so that they are not looked for.
 */
export const ENTRY_LINKS = `left join lateral (
    select * from entry_links
    where account_id = e.account_id and version = e.version
      and e.type > ${EventType.EVENT_TYPE_MONEY_WITHDRAWN} offset 0
  ) named on true
  left join lateral (
    select version as reversed_by_version from entry_links
    where account_id = e.account_id and reversed_version = e.version
      and e.amount_minor <> 0 offset 0
  ) undone on true`;

/** Of a left join: all null where there is no entry. */
export type EntryRow = NoEntry | FoundEntry;
type NoEntry = { entry_version: null };
type FoundEntry = {
  entry_version: bigint;
  type: number;
  recorded_at_micros: bigint;
  amount_minor: bigint;
  balance_after_minor: bigint;
  entry_currency_code: string;
  operation_id: string | null;
  submission_id: string | null;
  item_index: bigint | null;
  reference: string;
  value_date: string | null;
  state_after: Buffer | null;
  counterpart_account_id: string | null;
  counterpart_version: bigint | null;
  hold_id: string | null;
  reversed_version: bigint | null;
  reversed_by_version: bigint | null;
};

export function entryViews(rows: readonly EntryRow[]): EntryView[] {
  return rows.flatMap((row) => (row.entry_version === null ? [] : [entryView(row)]));
}

function entryView(row: FoundEntry): EntryView {
  return {
    version: row.entry_version,
    type: row.type,
    recordedAtMicros: row.recorded_at_micros,
    amountMinor: row.amount_minor,
    balanceAfterMinor: row.balance_after_minor,
    currencyCode: row.entry_currency_code,
    operationId: row.operation_id ?? undefined,
    submissionId: row.submission_id ?? undefined,
    itemIndex: row.item_index ?? undefined,
    reference: row.reference,
    valueDate: row.value_date ?? undefined,
    counterpartAccountId: row.counterpart_account_id ?? undefined,
    counterpartVersion: row.counterpart_version ?? undefined,
    holdId: row.hold_id ?? undefined,
    reversedVersion: row.reversed_version ?? undefined,
    reversedByVersion: row.reversed_by_version ?? undefined,
    stateAfter: row.state_after === null ? undefined : AccountState.decode(row.state_after),
  };
}
