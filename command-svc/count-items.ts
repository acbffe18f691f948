/**
 * How many items a message of a stream carries, before it is decoded: what they will be answered is
 * bounded first. Bytes that are no message count as far as they can be read; one that decodes to
 * another count (old groups, tags of too many bits) is refused then.
 */
import type { RawMessage } from './bulk-messages.ts';

/** The items' field in every message that carries some, and its wire type. */
const ITEMS_TAG = (2 << 3) | 2;
const WIRE_TYPE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export function countItems({ bytes }: RawMessage): number {
  return bytes === undefined ? 0 : countFields(bytes);
}

function countFields(bytes: Buffer): number {
  let count = 0;
  let at: number | undefined = 0;
  while (at !== undefined && at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === undefined) break;
    if (tag.value === ITEMS_TAG) count += 1;
    at = fieldEnd(bytes, tag.end, tag.value & 7);
  }
  return count;
}

function fieldEnd(bytes: Buffer, at: number, wireType: number): number | undefined {
  if (wireType === WIRE_TYPE.fixed64) return at + 8;
  if (wireType === WIRE_TYPE.fixed32) return at + 4;
  const varint = readVarint(bytes, at);
  if (varint === undefined || wireType === WIRE_TYPE.varint) return varint?.end;
  return wireType === WIRE_TYPE.bytes ? varint.end + varint.value : undefined;
}

/** Undefined: it does not end, or has more than the ten bytes that one may have. */
function readVarint(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0;
  let unit = 1;
  for (let place = at; place < Math.min(bytes.length, at + 10); place++) {
    const byte = bytes[place] ?? 0;
    value += (byte & 0x7f) * unit;
    if (byte < 128) return { value, end: place + 1 };
    unit *= 128;
  }
  return undefined;
}
