/**
 * One EventRecord of a packed row, by the places of its parts: read in place, into one object that
 * is used again for each event. What it is of (account, body) must be there; anything else that is
 * not known is left alone.
 */
import { WireReader } from '#platform/wire-reader.ts';
import { unreadable, type OpenedRow, type Span } from './log-row.ts';

/** Places are offsets into the row's payload; -1: not there. */
export class LogRecord {
  accountAt = -1;
  version = 0;
  /** Behind its tag. */
  versionAt = -1;
  versionEnd = -1;
  type = 0;
  recordedAtMicros = 0;
  operationAt = -1;
  eventAt = -1;
  eventEnd = -1;
  /** 1 + index into the row's submissions; 0: not part of one. */
  submissionNumber = 0;
  itemIndex = 0;
  #reader = new WireReader(Buffer.alloc(0));

  read(opened: OpenedRow, span: Span): void {
    this.#reset();
    const { payload } = opened.row;
    if (this.#reader.bytes !== payload) this.#reader = new WireReader(payload);
    this.#reader.at = span.start;
    try {
      while (this.#reader.at < span.end) this.#readField(this.#reader);
    } catch (cause) {
      throw unreadable(opened.row, 'has an event that cannot be read', cause);
    }
    if (this.#reader.at !== span.end || !this.#isWhole(opened)) {
      throw unreadable(opened.row, 'has an event without its account, version or body');
    }
  }

  #isWhole({ submissionIds }: OpenedRow): boolean {
    return (
      this.accountAt >= 0 &&
      this.versionAt >= 0 &&
      this.eventAt >= 0 &&
      this.submissionNumber <= submissionIds.length
    );
  }

  #reset(): void {
    this.accountAt = -1;
    this.versionAt = -1;
    this.type = 0;
    this.recordedAtMicros = 0;
    this.operationAt = -1;
    this.eventAt = -1;
    this.submissionNumber = 0;
    this.itemIndex = 0;
  }

  #readField(reader: WireReader): void {
    const tag = reader.varint32();
    switch (tag) {
      case 0x0a:
        this.accountAt = idAt(reader);
        break;
      case 0x10:
        this.versionAt = reader.at;
        this.version = wholeNumber(reader);
        this.versionEnd = reader.at;
        break;
      case 0x18:
        this.type = reader.varint32();
        break;
      case 0x20:
        this.recordedAtMicros = wholeNumber(reader);
        break;
      case 0x2a:
        this.operationAt = idAt(reader);
        break;
      case 0x32:
        this.eventEnd = reader.lengthEnd();
        this.eventAt = reader.at;
        reader.at = this.eventEnd;
        break;
      case 0x38:
        this.submissionNumber = reader.varint32();
        break;
      case 0x40:
        this.itemIndex = wholeNumber(reader);
        break;
      default:
        reader.skip(tag & 7);
    }
  }
}

/** Where the 16 bytes of an id are; -1 for an empty one. */
function idAt(reader: WireReader): number {
  const end = reader.lengthEnd();
  const at = reader.at;
  reader.at = end;
  if (end - at === 16) return at;
  if (end === at) return -1;
  throw new RangeError(`an id of ${end - at} bytes`);
}

/** Versions, times in microseconds and item indexes stay far below 2^53. */
function wholeNumber(reader: WireReader): number {
  reader.varint64();
  return reader.high * 2 ** 32 + (reader.low >>> 0);
}
