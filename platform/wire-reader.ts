/**
 * Reads the protobuf wire format in place: no object a field, 64-bit numbers as two halves. Used by
 * the decoder of the hottest step only; everything small goes through the generated code. Bytes
 * that end too early or break the format throw MalformedWire.
 */
export class MalformedWire extends Error {
  override readonly name = 'MalformedWire';
}

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class WireReader {
  readonly bytes: Buffer;
  at: number;
  end: number;
  /** The halves of the number that varint64 read last, as signed 32-bit integers. */
  low = 0;
  high = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }

  /** A tag, a length or a small number; what is above 32 bits is cut off, as protobuf says. */
  varint32(): number {
    const byte = this.bytes[this.at];
    if (byte !== undefined && byte < 128 && this.at < this.end) {
      this.at++;
      return byte;
    }
    this.varint64();
    return this.low >>> 0;
  }

  varint64(): void {
    const { bytes, end } = this;
    let low = 0;
    let high = 0;
    let at = this.at;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = at < end ? bytes[at++] : undefined;
      if (byte === undefined) throw new MalformedWire('the bytes end inside of a number');
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 128) {
        this.at = at;
        this.low = low | 0;
        this.high = high | 0;
        return;
      }
    }
    throw new MalformedWire('a number is longer than 10 bytes');
  }

  /** Reads a length and answers where its bytes end; they begin at this.at. */
  lengthEnd(): number {
    const length = this.varint32();
    const end = this.at + length;
    if (end > this.end) throw new MalformedWire('a field is longer than the bytes that hold it');
    return end;
  }

  skip(wireType: number): void {
    if (wireType === WIRE.varint) this.varint64();
    else if (wireType === WIRE.bytes) this.at = this.lengthEnd();
    else if (wireType === WIRE.fixed64) this.#jump(8);
    else if (wireType === WIRE.fixed32) this.#jump(4);
    else throw new MalformedWire(`a field has the wire type ${wireType}`);
  }

  #jump(length: number): void {
    this.at += length;
    if (this.at > this.end) throw new MalformedWire('the bytes end inside of a fixed field');
  }
}

/** A 64-bit number as two signed 32-bit integers. */
export type Halves = { low: number; high: number };

export function halvesOf(value: bigint): Halves {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
}

/** The number that two halves make. */
export function int64Of(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
