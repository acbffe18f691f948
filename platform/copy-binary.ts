/**
 * Writes the rows of a binary COPY, and arrays in PostgreSQL's binary form, straight into one
 * growing buffer. The order and the types of the fields must be those of the COPY's column list;
 * PostgreSQL checks them.
 */
import { uuidToBytes } from './uuid.ts';

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const NULL_LENGTH = -1;
/** PostgreSQL counts time from 2000-01-01, in microseconds. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;

export class CopyWriter {
  #buffer: Buffer;
  #length: number;

  constructor(expectedBytes = 65_536) {
    this.#buffer = Buffer.allocUnsafe(Math.max(expectedBytes, 1024));
    this.#length = HEADER.copy(this.#buffer);
  }

  /** Starts a row. */
  row(fieldCount: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(fieldCount, this.#length);
  }

  null(): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(NULL_LENGTH, this.#length);
  }

  uuid(text: string): void {
    this.#fieldHeader(16);
    uuidToBytes(text, this.#buffer, this.#length);
    this.#length += 16;
  }

  int16(value: number): void {
    this.#fieldHeader(2);
    this.#length = this.#buffer.writeInt16BE(value, this.#length);
  }

  int32(value: number): void {
    this.#fieldHeader(4);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  int64(value: bigint): void {
    this.#fieldHeader(8);
    this.#length = this.#buffer.writeBigInt64BE(value, this.#length);
  }

  /** timestamptz, from microseconds since 1970-01-01 UTC. */
  timestamp(micros: bigint): void {
    this.int64(micros - POSTGRES_EPOCH_MICROS);
  }

  bool(value: boolean): void {
    this.#fieldHeader(1);
    this.#length = this.#buffer.writeUInt8(value ? 1 : 0, this.#length);
  }

  bytes(value: Uint8Array): void {
    this.#fieldHeader(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#fieldHeader(length);
    this.#length += this.#buffer.write(value, this.#length, length, 'utf8');
  }

  /** The whole stream, with its trailer. The writer is spent. */
  finish(): Buffer {
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(-1, this.#length);
    return this.#buffer.subarray(0, this.#length);
  }

  #fieldHeader(length: number): void {
    this.#reserve(4 + length);
    this.#length = this.#buffer.writeInt32BE(length, this.#length);
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

/** uuid[] as a binary parameter. */
export function uuidArray(ids: readonly string[]): Buffer {
  const buffer = Buffer.allocUnsafe(ARRAY_HEADER_BYTES + ids.length * 20);
  let at = buffer.writeInt32BE(ids.length === 0 ? 0 : 1, 0);
  at = buffer.writeInt32BE(0, at);
  at = buffer.writeInt32BE(UUID_TYPE, at);
  if (ids.length === 0) return buffer.subarray(0, at);
  at = buffer.writeInt32BE(ids.length, at);
  at = buffer.writeInt32BE(1, at);
  for (const id of ids) {
    at = buffer.writeInt32BE(16, at);
    uuidToBytes(id, buffer, at);
    at += 16;
  }
  return buffer;
}
