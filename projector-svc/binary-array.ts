/**
 * One-dimensional arrays without nulls in PostgreSQL's binary form, of types with a fixed width.
 */

export const TYPE = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  timestamptz: 1184,
  uuid: 2950,
} as const;

const HEADER_BYTES = 20;

export function binaryArray<T>(
  type: number,
  width: number,
  items: readonly T[],
  write: (view: DataView, at: number, item: T) => void,
): Buffer {
  const empty = items.length === 0;
  const array = Buffer.alloc(empty ? 12 : HEADER_BYTES + items.length * (4 + width));
  const view = new DataView(array.buffer, array.byteOffset, array.byteLength);
  // Before it: the number of dimensions and the flag for nulls, both 0 when empty.
  view.setInt32(8, type);
  if (empty) return array;
  view.setInt32(0, 1);
  view.setInt32(12, items.length);
  view.setInt32(16, 1); // the first index
  let at = HEADER_BYTES;
  for (const item of items) {
    view.setInt32(at, width);
    write(view, at + 4, item);
    at += 4 + width;
  }
  return array;
}
