/**
 * The statement lines of one transaction, as the bytes of a COPY into entries: one row an event.
 */
import { EventType } from '#proto/bank/event/v1/events.ts';
import type { BinaryRows } from './binary-rows.ts';
import { NO_DATE } from './event-fields.ts';
import type { EventFields } from './event-fields.ts';

export const COPY_ENTRIES = `
  copy entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
    currency_code, operation_id, submission_id, item_index, reference, value_date,
    state_after)
  from stdin (format binary)`;

const FIELD_COUNT = 13;
/**
 * Events up to this type change the balance and nothing else, or are the first: the state after
 * them follows from the one before. Most entries are of these, and carry none.
 */
const BALANCE_ONLY_MAX = EventType.EVENT_TYPE_TRANSFER_RECEIVED;
/** All fields but the three texts and the state, with their lengths. */
const FIXED_BYTES = 150;
/** What a usual row takes, to make the buffer about right at once. */
export const USUAL_ENTRY_BYTES = 220;

/**
 * submissionId: the bytes of the item's submission, none for a single command. opened: those of a
 * text that is sealed in the event.
 */
export function addEntry(
  rows: BinaryRows,
  bytes: Buffer,
  fields: EventFields,
  submissionId: Buffer | undefined,
  opened?: Buffer,
): void {
  const referenceBytes = opened?.length ?? fields.referenceEnd - fields.referenceAt;
  const currencyBytes = fields.currencyEnd - fields.currencyAt;
  const stateBytes = fields.type > BALANCE_ONLY_MAX ? fields.stateEnd - fields.stateAt : 0;
  const textBytes = referenceBytes + currencyBytes + (submissionId?.length ?? 0);
  rows.reserve(FIXED_BYTES + textBytes + stateBytes);
  rows.startRow(FIELD_COUNT);
  rows.slice(bytes, fields.accountAt, fields.accountAt + 16);
  rows.int64(fields.versionLow, fields.versionHigh);
  rows.int16(fields.type);
  rows.timestamp(fields.recordedLow, fields.recordedHigh);
  rows.int64(fields.amountLow, fields.amountHigh);
  rows.int64(fields.balanceLow, fields.balanceHigh);
  rows.slice(bytes, fields.currencyAt, fields.currencyEnd);
  if (fields.operationAt < 0) rows.null();
  else rows.slice(bytes, fields.operationAt, fields.operationAt + 16);
  if (submissionId === undefined) {
    rows.null();
    rows.null();
  } else {
    rows.slice(submissionId, 0, submissionId.length);
    rows.int64(fields.itemLow, fields.itemHigh);
  }
  if (opened === undefined) rows.slice(bytes, fields.referenceAt, fields.referenceEnd);
  else rows.slice(opened, 0, opened.length);
  if (fields.valueDate === NO_DATE) rows.null();
  else rows.int32(fields.valueDate);
  if (stateBytes === 0) rows.null();
  else rows.slice(bytes, fields.stateAt, fields.stateEnd);
}
