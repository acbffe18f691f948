/**
 * One SubscribeToEventsResponse, written by hand: events are copied out of the packed row, never
 * decoded. A test holds the bytes equal to ts-proto's. The buffer is the message's own, since it is
 * sent later.
 */
import { numberBytes, varintBytes, WireWriter } from '#platform/wire-writer.ts';
import type { FeedState } from '#proto/bank/v1/feed_state.ts';
import { FEED } from './bounds.ts';
import type { LogRecord } from './log-record.ts';
import type { OpenedRow, Span } from './log-row.ts';

const VARINT = 0;
const BYTES = 2;
const UUID_TEXT_BYTES = 2 + 36;
/** Room beside the events: a token, a mark, and an event that passes the limit. */
const SPARE_BYTES = 1_024;
/** What an event takes here over what it takes in the row: ids as texts, its position. */
const GROWTH = 1.5;

export class FeedMessage {
  readonly #writer: WireWriter;
  #events = 0;

  /** For events that take so many bytes in their rows: a message of one event is small. */
  constructor(rowBytes: number) {
    const expected = Math.min(Math.ceil(rowBytes * GROWTH), FEED.messageBytesMax);
    this.#writer = new WireWriter(expected + SPARE_BYTES);
  }

  get isFull(): boolean {
    return this.#events >= FEED.messageEventsMax || this.#writer.length >= FEED.messageBytesMax;
  }

  /** `position`: the bytes of the row's PartitionPosition. */
  addEvent({ row, submissionIds }: OpenedRow, record: LogRecord, position: Uint8Array): void {
    const writer = this.#writer;
    const { payload } = row;
    const time = timestampOf(record.recordedAtMicros);
    const submission = submissionIds[record.submissionNumber - 1];
    writer.tag(2, BYTES);
    writer.varint(eventBytes(record, time, submission, position));
    writer.tag(1, BYTES);
    writer.uuidText(payload, record.accountAt);
    writer.tag(2, VARINT);
    writer.raw(payload, record.versionAt, record.versionEnd);
    writer.tag(3, VARINT);
    writer.varint(record.type);
    writer.tag(4, BYTES);
    writer.varint(time.bytes);
    writer.number(1, time.seconds);
    writer.number(2, time.nanos);
    if (record.operationAt >= 0) {
      writer.tag(5, BYTES);
      writer.uuidText(payload, record.operationAt);
    }
    if (submission !== undefined) {
      writer.tag(6, BYTES);
      writer.bytes(payload, submission.start, submission.end);
      writer.tag(7, VARINT);
      writer.varint(record.itemIndex);
    }
    writer.tag(8, BYTES);
    writer.bytes(payload, record.eventAt, record.eventEnd);
    writer.tag(9, BYTES);
    writer.bytes(position);
    this.#events += 1;
  }

  /** `state` 0: no mark. */
  finish(token: string, state: FeedState): Buffer {
    this.#writer.tag(1, BYTES);
    this.#writer.text(token);
    this.#writer.number(3, state);
    return this.#writer.finish();
  }
}

/** The bytes of bank.v1.PartitionPosition. */
export function positionBytes(partition: number, seq: bigint): Uint8Array {
  const writer = new WireWriter(16);
  writer.number(1, partition);
  writer.tag(2, VARINT);
  writer.varint64(seq);
  return writer.finish();
}

type Time = { readonly seconds: number; readonly nanos: number; readonly bytes: number };

function timestampOf(micros: number): Time {
  const seconds = Math.floor(micros / 1_000_000);
  const nanos = (micros - seconds * 1_000_000) * 1_000;
  return { seconds, nanos, bytes: numberBytes(seconds) + numberBytes(nanos) };
}

/** Known before, so that nothing is moved afterwards. */
function eventBytes(
  record: LogRecord,
  time: Time,
  submission: Span | undefined,
  position: Uint8Array,
): number {
  const ofSubmission =
    submission === undefined
      ? 0
      : 1 + spanBytes(submission.end - submission.start) + 1 + varintBytes(record.itemIndex);
  return (
    UUID_TEXT_BYTES +
    1 +
    (record.versionEnd - record.versionAt) +
    1 +
    varintBytes(record.type) +
    2 +
    time.bytes +
    (record.operationAt >= 0 ? UUID_TEXT_BYTES : 0) +
    ofSubmission +
    1 +
    spanBytes(record.eventEnd - record.eventAt) +
    1 +
    spanBytes(position.length)
  );
}

function spanBytes(bytes: number): number {
  return varintBytes(bytes) + bytes;
}
