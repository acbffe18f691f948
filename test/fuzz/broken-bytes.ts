/** Bytes that are hardly a message any more: a good one, broken in one of many ways. */
import fc from 'fast-check';
import { lengthField, tagBytes, varintBytes } from './wire-bytes.ts';

type Breaking = (bytes: Buffer, place: number, other: Buffer) => Buffer;

const GROUP_START = 3;
const GROUP_END = 4;
const NESTED = 20_000;

const BREAKINGS: readonly Breaking[] = [
  // cut short
  (bytes, place) => bytes.subarray(0, place),
  // its beginning lost
  (bytes, place) => bytes.subarray(place),
  // one byte another
  (bytes, place, other) => replaced(bytes, place, other.subarray(0, 1)),
  // some bytes others
  replaced,
  // something in between
  (bytes, place, other) => spliced(bytes, place, other),
  // a varint that does not end
  (bytes, place) => spliced(bytes, place, Buffer.alloc(11, 0xff)),
  // a length beyond the end, and beyond all sense
  (bytes) => Buffer.concat([bytes, tagBytes(1, 2), varintBytes(1_000n)]),
  (bytes) => Buffer.concat([bytes, tagBytes(1, 2), varintBytes(2n ** 62n)]),
  // field 0, and wire types that there are not
  (bytes, place) => spliced(bytes, place, Buffer.of(0x00, 0x00)),
  (bytes, place) => spliced(bytes, place, Buffer.of(0x0e, 0x0f)),
  // fields that nobody knows
  (bytes, _place, other) => Buffer.concat([bytes, lengthField(12_345, other)]),
  (bytes) => Buffer.concat([bytes, tagBytes(9_999, 5), Buffer.alloc(4)]),
  // groups, whole, deeply nested, and without an end
  (bytes) => Buffer.concat([bytes, tagBytes(15, GROUP_START), tagBytes(15, GROUP_END)]),
  (bytes) => Buffer.concat([bytes, Buffer.alloc(NESTED, tagBytes(15, GROUP_START))]),
  // text that is no UTF-8
  (bytes) => Buffer.concat([bytes, lengthField(1, Buffer.of(0xc3, 0x28, 0xed, 0xa0, 0x80))]),
  // all of it twice
  (bytes) => Buffer.concat([bytes, bytes]),
  // nothing of it
  (_bytes, _place, other) => other,
];

export function brokenBytes(whole: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const other = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  return fc
    .tuple(whole, fc.constantFrom(...BREAKINGS), fc.nat(), other)
    .map(([bytes, breakIt, at, more]) => breakIt(bytes, at % (bytes.length + 1), more));
}

function replaced(bytes: Buffer, place: number, other: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  other.copy(copy, place);
  return copy;
}

function spliced(bytes: Buffer, place: number, other: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, place), other, bytes.subarray(place)]);
}
