/**
 * Reads the rows of a binary COPY in place: no object a row or a field. What does not look like one
 * throws a RangeError.
 */
import type { Pool } from 'pg';
import { COPY_HEADER } from './copy-binary.ts';
import { copyOutWhole } from './copy-out.ts';

/** PostgreSQL counts time from 2000-01-01, in microseconds. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000;
const TRAILER = -1;

/** A short answer: all of it is held in memory. The statement takes no parameters. */
export async function copyRows(db: Pool, query: string): Promise<CopyRows> {
  const client = await db.connect();
  let broken = true;
  try {
    const bytes = await copyOutWhole(client, `copy (${query}) to stdout (format binary)`);
    broken = false;
    return new CopyRows(bytes);
  } finally {
    client.release(broken);
  }
}

export class CopyRows {
  readonly bytes: Buffer;
  /** Where the field that was read last begins and ends. */
  start = 0;
  end: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.end = COPY_HEADER.length;
    if (!bytes.subarray(0, this.end).equals(COPY_HEADER)) throw new RangeError('is no binary COPY');
  }

  /** Goes to the next row; false when there is none. */
  next(): boolean {
    const fields = this.bytes.readInt16BE(this.end);
    this.end += 2;
    return fields !== TRAILER;
  }

  /** Goes to the row's next field; false when it is null. */
  field(): boolean {
    const length = this.bytes.readInt32BE(this.end);
    this.start = this.end + 4;
    this.end = this.start + Math.max(length, 0);
    return length >= 0;
  }

  slice(): Buffer {
    this.field();
    return this.bytes.subarray(this.start, this.end);
  }

  int16(): number {
    this.field();
    return this.bytes.readInt16BE(this.start);
  }

  int64(): bigint {
    this.field();
    return this.bytes.readBigInt64BE(this.start);
  }

  /** A timestamptz, in microseconds since 1970. */
  micros(): bigint {
    this.field();
    const high = this.bytes.readInt32BE(this.start);
    return BigInt(high * 2 ** 32 + this.bytes.readUInt32BE(this.start + 4) + POSTGRES_EPOCH_MICROS);
  }
}
