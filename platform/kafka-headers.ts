/**
 * Bounds the headers that kafkajs reads of a record. It copies those it has for each one more, so
 * that a record of 40 KB with 5,000 of them takes seconds, in which nothing else runs: longer than
 * the group's patience, and then the record is fetched again, for ever. The log's own have a
 * handful. Headers are the last of a record's bytes: what is left unread shifts nothing.
 */
import Decoder from 'kafkajs/src/protocol/decoder.js';

/** The first ones count. */
export const HEADERS_READ_MAX = 64;

/** Headers are the one kind of array that is read so. */
export function boundHeaders(): void {
  Decoder.prototype.readVarIntArray = function readSome(readItem) {
    const length = Math.min(this.readVarInt(), HEADERS_READ_MAX);
    return Array.from({ length: Math.max(length, 0) }, () => readItem(this));
  };
}
