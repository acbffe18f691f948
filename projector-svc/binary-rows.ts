/**
 * One growing buffer for rows of a binary COPY, written in place: what copy-binary.ts of the
 * platform does for values, here for bytes and halves of numbers that stand in a record already.
 * The hottest step of the projector after decoding.
 */
import { COPY_HEADER } from '#platform/copy-binary.ts';
import type { Halves } from '#platform/wire-reader.ts';

/** Microseconds from 1970 to 2000, where PostgreSQL starts to count, as two halves. */
const EPOCH_MICROS = 946_684_800_000_000n;
const EPOCH_LOW = Number(EPOCH_MICROS & 0xffff_ffffn) | 0;
const EPOCH_HIGH = Number(EPOCH_MICROS >> 32n);

/** Microseconds since 1970 as microseconds since 2000. */
export function sincePostgresEpoch(low: number, high: number): Halves {
  const borrow = low >>> 0 < EPOCH_LOW >>> 0 ? 1 : 0;
  return { low: (low - EPOCH_LOW) | 0, high: (high - EPOCH_HIGH - borrow) | 0 };
}

export class BinaryRows {
  buffer: Buffer;
  length: number;
  #view: DataView;

  constructor(expectedBytes: number) {
    this.buffer = Buffer.allocUnsafe(Math.max(expectedBytes, 1024));
    this.#view = viewOf(this.buffer);
    this.length = COPY_HEADER.copy(this.buffer);
  }

  /** Makes room; to be called before the writes of a row with what they need at most. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
    this.#view = viewOf(grown);
  }

  startRow(fieldCount: number): void {
    this.#view.setInt16(this.length, fieldCount);
    this.length += 2;
  }

  null(): void {
    this.#view.setInt32(this.length, -1);
    this.length += 4;
  }

  bool(value: boolean): void {
    this.#view.setInt32(this.length, 1);
    this.#view.setInt8(this.length + 4, value ? 1 : 0);
    this.length += 5;
  }

  int16(value: number): void {
    this.#view.setInt32(this.length, 2);
    this.#view.setInt16(this.length + 4, value);
    this.length += 6;
  }

  int32(value: number): void {
    this.#view.setInt32(this.length, 4);
    this.#view.setInt32(this.length + 4, value);
    this.length += 8;
  }

  int64(low: number, high: number): void {
    this.#view.setInt32(this.length, 8);
    this.#view.setInt32(this.length + 4, high);
    this.#view.setInt32(this.length + 8, low);
    this.length += 12;
  }

  /** timestamptz, from the halves of microseconds since 1970. */
  timestamp(low: number, high: number): void {
    const since = sincePostgresEpoch(low, high);
    this.int64(since.low, since.high);
  }

  /** A field of the bytes between at and end. */
  slice(bytes: Buffer, at: number, end: number): void {
    const { buffer } = this;
    const size = end - at;
    this.#view.setInt32(this.length, size);
    let to = this.length + 4;
    // For the few bytes of an id or a currency a loop is faster than the call.
    if (size <= 40) for (let from = at; from < end; from++) buffer[to++] = bytes[from] ?? 0;
    else to += bytes.copy(buffer, to, at, end);
    this.length = to;
  }

  /** The whole stream, with its trailer. */
  finish(): Buffer {
    this.reserve(2);
    this.#view.setInt16(this.length, -1);
    this.length += 2;
    return this.buffer.subarray(0, this.length);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
