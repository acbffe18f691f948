/**
 * How many items a message of a stream carries, before it is decoded: what they will be answered is
 * bounded first. Bytes that are no message count as far as they can be read; one that decodes to
 * another count (old groups) is refused then.
 */
import { MalformedWire, WIRE, WireReader } from '#platform/wire-reader.ts';
import type { RawMessage } from './bulk-messages.ts';

/** The items' field in every message that carries some, and its wire type. */
const ITEMS_TAG = (2 << 3) | WIRE.bytes;

export function countItems({ bytes }: RawMessage): number {
  return bytes === undefined ? 0 : countFields(new WireReader(bytes));
}

function countFields(reader: WireReader): number {
  let count = 0;
  try {
    while (reader.at < reader.end) {
      const tag = reader.varint32();
      if (tag === ITEMS_TAG) count += 1;
      reader.skip(tag & 7);
    }
  } catch (error) {
    if (!(error instanceof MalformedWire)) throw error;
  }
  return count;
}
