/**
 * Bounds the headers that kafkajs reads of a record. It copies those it has for each one more, so
 * that a record of 40 KB with 5,000 of them takes seconds, in which nothing else runs: longer than
 * the group's patience, and then the record is fetched again, for ever. The log's own have a
 * handful. Headers are the last of a record's bytes: what is left unread shifts nothing.
 */
import { createRequire } from 'node:module';

/** The first ones count. */
export const HEADERS_READ_MAX = 64;

/** What kafkajs reads a record by; it has this one kind of array, that of the headers. */
type RecordDecoder = {
  readVarInt(): number;
  readVarIntArray<Item>(this: RecordDecoder, readItem: (from: RecordDecoder) => Item): Item[];
};

export function boundHeaders(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/protocol/decoder.js') as {
    prototype: RecordDecoder;
  };
  prototype.readVarIntArray = function readSome(readItem) {
    const length = Math.min(this.readVarInt(), HEADERS_READ_MAX);
    return Array.from({ length: Math.max(length, 0) }, () => readItem(this));
  };
}
