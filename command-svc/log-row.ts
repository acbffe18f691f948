/**
 * A packed row of the log (EventBatch), opened for the feed: where each event's bytes are, and the
 * names of the submissions. Nothing is copied. Bytes that are no EventBatch throw
 * UnreadableRowError, which names the row.
 */
import { WIRE, WireReader } from '#platform/wire-reader.ts';
import type { LogRow } from './sql/read-log-rows.ts';

export class UnreadableRowError extends Error {
  override name = 'UnreadableRowError';
}

/** A run of bytes in a row's payload. */
export type Span = { readonly start: number; readonly end: number };

export type OpenedRow = {
  readonly row: LogRow;
  /** One for each event, in the order of the row. */
  readonly events: readonly Span[];
  /** The submission_id of each of EventBatch.submissions, in UTF-8. */
  readonly submissionIds: readonly Span[];
};

const EVENTS_TAG = (4 << 3) | WIRE.bytes;
const SUBMISSIONS_TAG = (5 << 3) | WIRE.bytes;
const SUBMISSION_ID_TAG = (2 << 3) | WIRE.bytes;
const NO_TEXT: Span = { start: 0, end: 0 };

export function openLogRow(row: LogRow): OpenedRow {
  const events: Span[] = [];
  const submissionIds: Span[] = [];
  const reader = new WireReader(row.payload);
  try {
    while (reader.at < reader.end) {
      const tag = reader.varint32();
      if (tag !== EVENTS_TAG && tag !== SUBMISSIONS_TAG) {
        reader.skip(tag & 7);
        continue;
      }
      const end = reader.lengthEnd();
      if (tag === EVENTS_TAG) events.push({ start: reader.at, end });
      else submissionIds.push(submissionIdIn(reader, end));
      reader.at = end;
    }
  } catch (cause) {
    throw unreadable(row, 'is not an EventBatch', cause);
  }
  return { row, events, submissionIds };
}

export function unreadable(row: LogRow, why: string, cause?: unknown): UnreadableRowError {
  const message = `position ${row.seq} of partition ${row.partition} ${why}`;
  return new UnreadableRowError(message, { cause });
}

function submissionIdIn(reader: WireReader, end: number): Span {
  let found = NO_TEXT;
  while (reader.at < end) {
    const tag = reader.varint32();
    if (tag === SUBMISSION_ID_TAG) {
      const textEnd = reader.lengthEnd();
      found = { start: reader.at, end: textEnd };
      reader.at = textEnd;
    } else reader.skip(tag & 7);
  }
  return found;
}
