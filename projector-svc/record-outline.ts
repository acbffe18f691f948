/**
 * A record of the log, and what it says beside its events: read once when it arrives, so that
 * batches can be cut by the number of events. The events themselves are decoded by event-decoder.ts
 * when their turn comes. Bytes that are no EventBatch of this record throw UndecodableRecord.
 */
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import type {
  Position,
  SubmissionClosed,
  SubmissionPart,
} from '#proto/bank/event/v1/event_batch.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { WIRE, WireReader, int64Of } from '#platform/wire-reader.ts';

export class UndecodableRecord extends Error {
  override readonly name: string = 'UndecodableRecord';
}

/** Never skipped: what it did to its account is not known. */
export class UnknownEventType extends UndecodableRecord {
  override readonly name = 'UnknownEventType';
}

/** One record as it came, from Kafka or from the outbox. */
export type LogRecord = {
  partition: number;
  /** 0: its headers do not say which record it is. */
  seq: bigint;
  batchId: string;
  /** Of the record before it; undefined: it names none. */
  previousBatchId?: string | undefined;
  traceparent: string | undefined;
  /** By the wall clock. */
  receivedAtMs: number;
  payload: Buffer;
  source: 'kafka' | 'outbox';
  /** Where it stands in Kafka; undefined for one read from the outbox. */
  offset: bigint | undefined;
  eventCount: number;
  /** As they came from Kafka; for people, when it cannot be applied. */
  headers?: Readonly<Record<string, unknown>> | undefined;
};

export type RecordOutline = {
  batchId: string;
  partition: number;
  storedAtMicros: bigint;
  /** Pairs of start and end of each event's bytes. */
  eventRanges: Int32Array;
  submissions: SubmissionPart[];
  others: Position[];
  closed: SubmissionClosed | undefined;
};

const FIELD = {
  batchId: 1,
  partition: 2,
  storedAtMicros: 3,
  events: 4,
  submissions: 5,
  others: 6,
  submissionClosed: 8,
} as const;

/**
 * How many events a record holds; 1 when its bytes cannot be read (that is found out when it is
 * applied).
 */
export function countEvents(payload: Buffer): number {
  const reader = new WireReader(payload);
  let count = 0;
  try {
    while (reader.at < reader.end) {
      const tag = reader.varint32();
      if (tag >>> 3 === FIELD.events) count++;
      reader.skip(tag & 7);
    }
  } catch {
    return 1; // readOutline reports what is wrong with the bytes
  }
  return count;
}

/** Reads a record's outline and checks that it is the record that it is said to be. */
export function readOutline(record: LogRecord): RecordOutline {
  let outline: RecordOutline;
  try {
    outline = parse(record.payload, record.eventCount);
  } catch (cause) {
    throw new UndecodableRecord(`${nameOf(record)} is not an EventBatch`, { cause });
  }
  if (outline.partition !== record.partition || outline.batchId !== record.batchId) {
    const found = `partition ${outline.partition}, batch ${outline.batchId}`;
    throw new UndecodableRecord(`${nameOf(record)} of batch ${record.batchId} holds ${found}`);
  }
  return outline;
}

export function nameOf(record: LogRecord): string {
  return `record ${record.seq} of partition ${record.partition}`;
}

function parse(payload: Buffer, eventCount: number): RecordOutline {
  const reader = new WireReader(payload);
  const rest: Buffer[] = [];
  const ranges: number[] = [];
  let storedAtMicros = 0n;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.varint32();
    if (tag === ((FIELD.events << 3) | WIRE.bytes)) {
      const end = reader.lengthEnd();
      ranges.push(reader.at, end);
      reader.at = end;
    } else if (tag === FIELD.storedAtMicros << 3) {
      reader.varint64();
      storedAtMicros = int64Of(reader.low, reader.high);
    } else {
      reader.skip(tag & 7);
      rest.push(payload.subarray(start, reader.at));
    }
  }
  if (ranges.length !== eventCount * 2)
    throw new Error('the count of events is not what was counted');
  // All that is small goes through the generated code.
  const small = EventBatch.decode(Buffer.concat(rest));
  return {
    batchId: uuidFromBytes(small.batchId),
    partition: small.partition,
    storedAtMicros,
    eventRanges: Int32Array.from(ranges),
    submissions: small.submissions,
    others: small.others,
    closed: small.submissionClosed,
  };
}
