/**
 * An entry as the statements of this folder read it: its columns (of `entries e`), the row, and its
 * mapping to the view that answers are made of.
 */
import { AccountState } from '#proto/bank/event/v1/events.ts';
import type { EntryView } from '../entry-view.ts';

export const ENTRY_COLUMNS = `e.version as entry_version, e.type,
    (extract(epoch from e.recorded_at) * 1000000)::bigint as recorded_at_micros,
    e.amount_minor, e.balance_after_minor, e.currency_code as entry_currency_code,
    e.operation_id, e.submission_id, e.item_index, e.reference, e.value_date, e.state_after`;

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
    stateAfter: row.state_after === null ? undefined : AccountState.decode(row.state_after),
  };
}
