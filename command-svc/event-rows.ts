/** A batch's events as the rows of one binary COPY into the table events. Pure. */
import { CopyWriter } from '#platform/copy-binary.ts';
import type { DecidedBatch, DecidedEvent } from './decide-batch.ts';

const EVENT_COLUMNS = 8;
const EVENT_ROW_BYTES = 140;

/** Sorted by account, so that concurrent appends meet index pages and locks in one order. */
export function eventRows({ events, payloads }: DecidedBatch): Buffer {
  const sorted = events.toSorted(byAccountAndVersion);
  const writer = new CopyWriter(payloads.length + sorted.length * EVENT_ROW_BYTES);
  for (const { after, type, item, start, end } of sorted) {
    writer.row(EVENT_COLUMNS);
    writer.bytes(after.idBytes);
    writer.int64(after.state.version);
    writer.timestamp(after.recordedAtMicros);
    writer.int16(type);
    writer.latin1(after.hash);
    writer.bytes(payloads, start, end);
    const operationId = item.command?.operationId;
    if (operationId === undefined) {
      writer.null();
      writer.null();
    } else {
      writer.uuid(operationId);
      writer.latin1(item.contentHash);
    }
  }
  return writer.finish();
}

function byAccountAndVersion(a: DecidedEvent, b: DecidedEvent): number {
  if (a.accountId !== b.accountId) return a.accountId < b.accountId ? -1 : 1;
  return a.start - b.start;
}
