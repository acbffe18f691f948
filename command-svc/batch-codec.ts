/**
 * The packed row of a batch (bank.event.v1.EventBatch): outbox.payload, and the record on the
 * topic. Written by hand, since each event's bytes exist already; a test holds it equal to what
 * ts-proto writes.
 */
import { uuidToBytes } from '#platform/uuid.ts';
import { numberBytes, varintBytes, WireWriter } from '#platform/wire-writer.ts';
import type { BatchItem } from './batch-item.ts';
import type { DecidedEvent } from './decided-events.ts';
import { payloadBytes } from './event-rows.ts';

export type PackedSubmission = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly accepted: number;
  readonly acceptedIndexes: Uint8Array;
};

export type PackedReplay = {
  readonly submissionNumber: number;
  readonly itemIndex: number;
  readonly accountId: string;
  readonly version: bigint;
};

export type LogPosition = { readonly partition: number; readonly seq: bigint };

export type PackedBatch = {
  readonly batchId: string;
  readonly partition: number;
  readonly storedAtMicros: bigint;
  readonly events: readonly DecidedEvent[];
  /** The bytes of all events. */
  readonly payloads: Uint8Array;
  /** 1 + index into `submissions`; 0 for none. */
  readonly submissionNumberOf: (item: BatchItem) => number;
  readonly submissions: readonly PackedSubmission[];
  /** The other positions of the same append. */
  readonly others: readonly LogPosition[];
  readonly replayed: readonly PackedReplay[];
};

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const EVENT_BYTES = 128;
const ID_BYTES = 16;

/** The bytes of bank.event.v1.EventBatch. */
export function encodeBatch(batch: PackedBatch): Buffer {
  const writer = new WireWriter(payloadBytes(batch.events) + batch.events.length * EVENT_BYTES);
  writer.tag(1, LENGTH_DELIMITED);
  writer.bytes(uuidToBytes(batch.batchId));
  writer.number(2, batch.partition);
  writer.tag(3, VARINT);
  writer.varint64(batch.storedAtMicros);
  for (const event of batch.events) {
    const number = event.isOfItem ? batch.submissionNumberOf(event.item) : 0;
    writeEventRecord(writer, batch.payloads, event, number);
  }
  for (const part of batch.submissions) writeSubmission(writer, part);
  for (const position of batch.others) writePosition(writer, position);
  for (const item of batch.replayed) writeReplay(writer, item);
  return writer.finish();
}

function writeEventRecord(
  writer: WireWriter,
  payloads: Uint8Array,
  { after, type, item, start, end, commandNumber, operationId }: DecidedEvent,
  submissionNumber: number,
): void {
  const version = Number(after.state.version);
  const recordedAtMicros = Number(after.recordedAtMicros);
  const itemIndex = submissionNumber === 0 ? 0 : item.itemIndex;
  writer.tag(4, LENGTH_DELIMITED);
  writer.varint(
    2 +
      ID_BYTES +
      numberBytes(version) +
      numberBytes(type) +
      numberBytes(recordedAtMicros) +
      (operationId === undefined ? 0 : 2 + ID_BYTES) +
      1 +
      varintBytes(end - start) +
      (end - start) +
      numberBytes(submissionNumber) +
      numberBytes(itemIndex) +
      numberBytes(commandNumber),
  );
  writer.tag(1, LENGTH_DELIMITED);
  writer.bytes(after.idBytes);
  writer.number(2, version);
  writer.number(3, type);
  writer.number(4, recordedAtMicros);
  if (operationId !== undefined) {
    writer.tag(5, LENGTH_DELIMITED);
    writer.bytes(uuidToBytes(operationId));
  }
  writer.tag(6, LENGTH_DELIMITED);
  writer.bytes(payloads, start, end);
  writer.number(7, submissionNumber);
  writer.number(8, itemIndex);
  writer.number(9, commandNumber);
}

function writeSubmission(writer: WireWriter, part: PackedSubmission): void {
  writer.tag(5, LENGTH_DELIMITED);
  const start = writer.begin();
  if (part.tenant !== '') {
    writer.tag(1, LENGTH_DELIMITED);
    writer.text(part.tenant);
  }
  writer.tag(2, LENGTH_DELIMITED);
  writer.text(part.submissionId);
  writer.number(3, part.accepted);
  if (part.acceptedIndexes.length > 0) {
    writer.tag(4, LENGTH_DELIMITED);
    writer.bytes(part.acceptedIndexes);
  }
  writer.end(start);
}

function writePosition(writer: WireWriter, { partition, seq }: LogPosition): void {
  writer.tag(6, LENGTH_DELIMITED);
  const start = writer.begin();
  writer.number(1, partition);
  writer.tag(2, VARINT);
  writer.varint64(seq);
  writer.end(start);
}

function writeReplay(writer: WireWriter, item: PackedReplay): void {
  writer.tag(7, LENGTH_DELIMITED);
  const start = writer.begin();
  writer.number(1, item.submissionNumber);
  writer.number(2, item.itemIndex);
  writer.tag(3, LENGTH_DELIMITED);
  writer.bytes(uuidToBytes(item.accountId));
  writer.tag(4, VARINT);
  writer.varint64(item.version);
  writer.end(start);
}
