/**
 * Rows of a binary COPY that all have the same width: laid out once, then only the bytes that
 * differ are written anew for each batch. The cheapest way to feed PostgreSQL from here.
 */
import { CopyWriter } from '#platform/copy-binary.ts';

const HEADER_BYTES = 19;
const TRAILER_BYTES = 2;

export type FixedRows = {
  /** The whole stream of `rows` rows: header, rows, trailer. */
  readonly stream: Buffer;
  readonly view: DataView;
  readonly rowBytes: number;
  /** Where row n begins. */
  readonly rowAt: (row: number) => number;
};

/** `write` writes one row, with zeros where rows differ. */
export function fixedRows(rows: number, write: (writer: CopyWriter) => void): FixedRows {
  const writer = new CopyWriter();
  write(writer);
  const one = writer.finish();
  const row = one.subarray(HEADER_BYTES, one.length - TRAILER_BYTES);
  const header = one.subarray(0, HEADER_BYTES);
  const trailer = one.subarray(one.length - TRAILER_BYTES);
  const repeated: Buffer[] = Array.from({ length: rows }, () => row);
  const stream = Buffer.concat([header, ...repeated, trailer]);
  return {
    stream,
    view: new DataView(stream.buffer, stream.byteOffset, stream.byteLength),
    rowBytes: row.length,
    rowAt: (index) => HEADER_BYTES + index * row.length,
  };
}
