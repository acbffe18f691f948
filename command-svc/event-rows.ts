/** A batch's events as the rows of one binary COPY into the table events. Pure. */
import { CopyWriter } from '#platform/copy-binary.ts';
import { storedHash } from './content-hash.ts';
import type { DecidedBatch } from './decide-batch.ts';

const EVENT_COLUMNS = 8;
const EVENT_ROW_BYTES = 140;

/** What their payloads take: the batch's buffer may hold those of other partitions too. */
export function payloadBytes(events: DecidedBatch['events']): number {
  let bytes = 0;
  for (const { start, end } of events) bytes += end - start;
  return bytes;
}

export function eventRows({ events, payloads }: DecidedBatch): Buffer {
  const writer = new CopyWriter(payloadBytes(events) + events.length * EVENT_ROW_BYTES);
  for (const { after, type, item, start, end, operationId } of events) {
    writer.row(EVENT_COLUMNS);
    writer.bytes(after.idBytes);
    writer.int64(after.state.version);
    writer.timestamp(after.recordedAtMicros);
    writer.int16(type);
    writer.latin1(after.hash);
    writer.bytes(payloads, start, end);
    if (operationId === undefined) {
      writer.null();
      writer.null();
    } else {
      writer.uuid(operationId);
      writer.latin1(storedHash(item.contentHash));
    }
  }
  return writer.finish();
}
