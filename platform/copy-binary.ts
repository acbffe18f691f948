/**
 * Writes the rows of a binary COPY, and arrays in PostgreSQL's binary form, straight into one
 * growing buffer. The order and the types of the fields must be those of the COPY's column list;
 * PostgreSQL checks them.
 */
import { uuidToBytes } from './uuid.ts';
import { copyBytes, putInt32 } from './put-bytes.ts';

/** How every stream begins. */
export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);
const NULL_LENGTH = -1;
const TWO_TO_32 = 2 ** 32;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
/** PostgreSQL counts time from 2000-01-01, in microseconds. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;

/** The rows of several whole streams as one. */
export function joinCopies(streams: readonly Buffer[]): Buffer {
  const [only, another] = streams;
  if (only !== undefined && another === undefined) return only;
  const rows = streams.map((stream) => stream.subarray(COPY_HEADER.length, -TRAILER.length));
  return Buffer.concat([COPY_HEADER, ...rows, TRAILER]);
}

export class CopyWriter {
  #buffer: Buffer;
  #length: number;
  #lastMicros = POSTGRES_EPOCH_MICROS;
  #lastTimestamp = 0n;

  constructor(expectedBytes = 65_536) {
    this.#buffer = Buffer.allocUnsafe(Math.max(expectedBytes, 1024));
    this.#length = COPY_HEADER.copy(this.#buffer);
  }

  /** Starts a row. */
  row(fieldCount: number): void {
    this.#reserve(2);
    this.#put16(fieldCount);
  }

  null(): void {
    this.#reserve(4);
    this.#put32(NULL_LENGTH);
  }

  uuid(text: string): void {
    this.#fieldHeader(16);
    uuidToBytes(text, this.#buffer, this.#length);
    this.#length += 16;
  }

  int16(value: number): void {
    this.#fieldHeader(2);
    this.#put16(value);
  }

  int32(value: number): void {
    this.#fieldHeader(4);
    this.#put32(value);
  }

  int64(value: bigint): void {
    this.#fieldHeader(8);
    if (value < 0n || value > SAFE_MAX) {
      this.#length = this.#buffer.writeBigInt64BE(value, this.#length);
      return;
    }
    const number = Number(value);
    this.#put32(Math.floor(number / TWO_TO_32));
    this.#put32(number);
  }

  /** timestamptz, from microseconds since 1970-01-01 UTC. */
  timestamp(micros: bigint): void {
    if (micros !== this.#lastMicros) {
      this.#lastMicros = micros;
      this.#lastTimestamp = micros - POSTGRES_EPOCH_MICROS;
    }
    this.int64(this.#lastTimestamp);
  }

  bool(value: boolean): void {
    this.#fieldHeader(1);
    this.#buffer[this.#length++] = value ? 1 : 0;
  }

  /** bytea: a part of `source`, all of it by default. */
  bytes(source: Uint8Array, start = 0, end = source.length): void {
    this.#fieldHeader(end - start);
    this.#length = copyBytes(source, start, end, this.#buffer, this.#length);
  }

  /** bytea from a text of one character a byte. */
  latin1(value: string): void {
    this.#fieldHeader(value.length);
    this.#length += this.#buffer.write(value, this.#length, value.length, 'latin1');
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#fieldHeader(length);
    this.#length += this.#buffer.write(value, this.#length, length, 'utf8');
  }

  /** The whole stream, with its trailer. The writer is spent. */
  finish(): Buffer {
    this.#reserve(2);
    this.#put16(-1);
    return this.#buffer.subarray(0, this.#length);
  }

  #fieldHeader(length: number): void {
    this.#reserve(4 + length);
    this.#put32(length);
  }

  #put16(value: number): void {
    const buffer = this.#buffer;
    buffer[this.#length++] = value >>> 8;
    buffer[this.#length++] = value;
  }

  #put32(value: number): void {
    this.#length = putInt32(this.#buffer, this.#length, value);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

const UUID_TYPE = 2950;
const ARRAY_HEADER_BYTES = 20;

/** uuid[] as a binary parameter, from the ids' 16 bytes each. */
export function uuidArray(ids: readonly Uint8Array[]): Buffer {
  const buffer = Buffer.allocUnsafe(ARRAY_HEADER_BYTES + ids.length * 20);
  let at = buffer.writeInt32BE(ids.length === 0 ? 0 : 1, 0);
  at = buffer.writeInt32BE(0, at);
  at = buffer.writeInt32BE(UUID_TYPE, at);
  if (ids.length === 0) return buffer.subarray(0, at);
  at = buffer.writeInt32BE(ids.length, at);
  at = buffer.writeInt32BE(1, at);
  for (const id of ids) {
    at = buffer.writeInt32BE(16, at);
    at = copyBytes(id, 0, 16, buffer, at);
  }
  return buffer;
}
