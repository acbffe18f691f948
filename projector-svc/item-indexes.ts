/**
 * Item indexes as they are stored with an acknowledgement: ascending varints, each the distance to
 * the one before.
 */
import { WireReader, int64Of } from '#platform/wire-reader.ts';
import { WireWriter } from '#platform/wire-writer.ts';

export function readItemIndexes(bytes: Buffer): bigint[] {
  const reader = new WireReader(bytes);
  const indexes: bigint[] = [];
  let index = 0n;
  while (reader.at < reader.end) {
    reader.varint64();
    index += int64Of(reader.low, reader.high);
    indexes.push(index);
  }
  return indexes;
}

/** indexes: ascending. */
export function writeItemIndexes(indexes: readonly bigint[]): Buffer {
  const writer = new WireWriter(indexes.length * 2);
  let before = 0n;
  for (const index of indexes) {
    writer.varint64(index - before);
    before = index;
  }
  return writer.finish();
}
