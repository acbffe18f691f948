/**
 * What entries name beside themselves (the other leg of a transfer, a hold, an entry that is
 * undone), as the bytes of a COPY into entry_links. Most entries name nothing and have no row.
 */
import type { BinaryRows } from './binary-rows.ts';
import type { EventFields } from './event-fields.ts';

export const COPY_ENTRY_LINKS = `
  copy entry_links (account_id, version, counterpart_account_id, counterpart_version, hold_id,
    reversed_version)
  from stdin (format binary)`;

const FIELD_COUNT = 6;
/** All fields, with their lengths. */
export const LINK_BYTES = 2 + FIELD_COUNT * 4 + 3 * 16 + 3 * 8;

export function namesSomething(fields: EventFields): boolean {
  return fields.counterpartAt >= 0 || fields.holdAt >= 0 || isReversal(fields);
}

export function addLink(rows: BinaryRows, bytes: Buffer, fields: EventFields): void {
  rows.reserve(LINK_BYTES);
  rows.startRow(FIELD_COUNT);
  rows.slice(bytes, fields.accountAt, fields.accountAt + 16);
  rows.int64(fields.versionLow, fields.versionHigh);
  id(rows, bytes, fields.counterpartAt);
  if (fields.counterpartAt < 0) rows.null();
  else rows.int64(fields.counterpartLow, fields.counterpartHigh);
  id(rows, bytes, fields.holdAt);
  if (isReversal(fields)) rows.int64(fields.reversedLow, fields.reversedHigh);
  else rows.null();
}

function id(rows: BinaryRows, bytes: Buffer, at: number): void {
  if (at < 0) rows.null();
  else rows.slice(bytes, at, at + 16);
}

function isReversal({ reversedLow, reversedHigh }: EventFields): boolean {
  return reversedLow !== 0 || reversedHigh !== 0;
}
