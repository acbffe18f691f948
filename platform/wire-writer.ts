/**
 * Writes protobuf by hand into one growing buffer, for the few messages of the hottest path; all
 * else is ts-proto's. A test beside each user holds its bytes equal to ts-proto's. Nothing is
 * allocated per field: numbers go in as bytes, texts as UTF-8, and a nested message whose length is
 * not known before is moved by a byte when it turns out long.
 */

import { copyBytes, putUuidText, writeAscii } from './put-bytes.ts';

const VARINT = 0;
const UUID_CHARACTERS = 36;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export class WireWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(expectedBytes: number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(expectedBytes, 256));
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What holds the bytes written so far; valid until more is written. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Room for so many bytes more: what follows need not ask. */
  reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }

  /** A tag below field number 16. */
  tag(field: number, wireType: number): void {
    this.reserve(1);
    this.#buffer[this.#length++] = (field << 3) | wireType;
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.#buffer[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#length++] = rest;
  }

  /** A number with its tag; nothing for 0, as everywhere in protobuf. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.tag(field, VARINT);
    this.varint(value);
  }

  /** An int64: a negative one takes ten bytes. */
  varint64(value: bigint): void {
    if (value >= 0n && value <= SAFE_MAX) {
      this.varint(Number(value));
      return;
    }
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  /** Raw bytes, without their length. */
  raw(source: Uint8Array, start = 0, end = source.length): void {
    this.reserve(end - start);
    this.#length = copyBytes(source, start, end, this.#buffer, this.#length);
  }

  /** Bytes with their length before them. */
  bytes(source: Uint8Array, start = 0, end = source.length): void {
    this.varint(end - start);
    this.raw(source, start, end);
  }

  /** The 16 bytes of a UUID as a text, with its length before it. */
  uuidText(source: Uint8Array, start: number): void {
    this.reserve(1 + UUID_CHARACTERS);
    this.#buffer[this.#length] = UUID_CHARACTERS;
    this.#length = putUuidText(source, start, this.#buffer, this.#length + 1);
  }

  /** A text in UTF-8 with its length before it. */
  text(value: string): void {
    this.reserve(5 + value.length * 3);
    const start = this.begin();
    const end = writeAscii(value, this.#buffer, this.#length);
    this.#length = end === undefined ? this.#length + this.#buffer.write(value, this.#length) : end;
    this.end(start);
  }

  /** Starts a nested message, or a text: what is written up to `end` gets its length before it. */
  begin(): number {
    this.reserve(1);
    return this.#length++;
  }

  end(start: number): void {
    const bytes = this.#length - start - 1;
    if (bytes < 128) {
      this.#buffer[start] = bytes;
      return;
    }
    const more = varintBytes(bytes) - 1;
    this.reserve(more);
    this.#buffer.copyWithin(start + 1 + more, start + 1, this.#length);
    this.#length = start;
    this.varint(bytes);
    this.#length += bytes;
  }
}

/** Bytes that a varint of a whole number takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** What WireWriter's number takes, with a tag below field number 16. */
export function numberBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}
