/**
 * The packed row of a batch (bank.event.v1.EventBatch): outbox.payload, and the record on the
 * topic. Written by hand, since each event's bytes exist already; a test holds it equal to what
 * ts-proto writes.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { uuidToBytes } from '#platform/uuid.ts';
import type { ChainedFacts } from './event-chain.ts';

export type PackedEvent = ChainedFacts & {
  /** 1 + index into the batch's submissions; 0 for none. */
  readonly submissionNumber: number;
  readonly itemIndex: number;
  readonly commandNumber: number;
};

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
  readonly events: readonly PackedEvent[];
  readonly submissions: readonly PackedSubmission[];
  /** The other positions of the same append. */
  readonly others: readonly LogPosition[];
  readonly replayed: readonly PackedReplay[];
};

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

/** The bytes of bank.event.v1.EventBatch. */
export function encodeBatch(batch: PackedBatch): Buffer {
  const writer = new BinaryWriter();
  writer.uint32(tag(1, LENGTH_DELIMITED)).bytes(idBytes(batch.batchId));
  if (batch.partition !== 0) writer.uint32(tag(2, VARINT)).int32(batch.partition);
  writer.uint32(tag(3, VARINT)).int64(batch.storedAtMicros);
  for (const event of batch.events) writeEvent(writer, event);
  for (const part of batch.submissions) {
    writer.uint32(tag(5, LENGTH_DELIMITED)).fork();
    if (part.tenant !== '') writer.uint32(tag(1, LENGTH_DELIMITED)).string(part.tenant);
    writer.uint32(tag(2, LENGTH_DELIMITED)).string(part.submissionId);
    if (part.accepted !== 0) writer.uint32(tag(3, VARINT)).int32(part.accepted);
    if (part.acceptedIndexes.length > 0) {
      writer.uint32(tag(4, LENGTH_DELIMITED)).bytes(part.acceptedIndexes);
    }
    writer.join();
  }
  for (const { partition, seq } of batch.others) {
    writer.uint32(tag(6, LENGTH_DELIMITED)).fork();
    if (partition !== 0) writer.uint32(tag(1, VARINT)).int32(partition);
    writer.uint32(tag(2, VARINT)).int64(seq);
    writer.join();
  }
  for (const item of batch.replayed) {
    writer.uint32(tag(7, LENGTH_DELIMITED)).fork();
    writer.uint32(tag(1, VARINT)).uint32(item.submissionNumber);
    if (item.itemIndex !== 0) writer.uint32(tag(2, VARINT)).int64(item.itemIndex);
    writer.uint32(tag(3, LENGTH_DELIMITED)).bytes(idBytes(item.accountId));
    writer.uint32(tag(4, VARINT)).int64(item.version);
    writer.join();
  }
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeEvent(writer: BinaryWriter, event: PackedEvent): void {
  writer.uint32(tag(4, LENGTH_DELIMITED)).fork();
  writer.uint32(tag(1, LENGTH_DELIMITED)).bytes(idBytes(event.accountId));
  writer.uint32(tag(2, VARINT)).int64(event.version);
  writer.uint32(tag(3, VARINT)).int32(event.type);
  writer.uint32(tag(4, VARINT)).int64(event.recordedAtMicros);
  if (event.operationId !== '') {
    writer.uint32(tag(5, LENGTH_DELIMITED)).bytes(idBytes(event.operationId));
  }
  writer.uint32(tag(6, LENGTH_DELIMITED)).bytes(event.payload);
  if (event.submissionNumber !== 0) writer.uint32(tag(7, VARINT)).uint32(event.submissionNumber);
  if (event.itemIndex !== 0) writer.uint32(tag(8, VARINT)).int64(event.itemIndex);
  if (event.commandNumber !== 0) writer.uint32(tag(9, VARINT)).uint32(event.commandNumber);
  writer.join();
}

function idBytes(id: string): Uint8Array {
  return uuidToBytes(id, new Uint8Array(16));
}
