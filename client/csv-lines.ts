/**
 * A text file as chunks of numbered lines, and one CSV line as fields. Memory is flat for a file of
 * any length: a line longer than the limit is cut, and its reader finds it too long. Lines end with
 * LF or CRLF; a byte order mark is dropped; a quoted field does not span lines.
 */
import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';

export const LINE_CHARACTERS_MAX = 16_384;
const READ_BYTES = 256 * 1024;

export type LineChunk = {
  /** Number of the chunk's first line, counted from 1. */
  readonly firstLine: number;
  readonly lines: readonly string[];
};

/**
 * The file's lines in order. A last line without a line feed counts; after a last line feed none
 * follows.
 */
export function readLines(path: string): AsyncGenerator<LineChunk, void, void> {
  const stream = createReadStream(path, { highWaterMark: READ_BYTES });
  return linesOf(stream, new TextDecoder('utf-8'));
}

/** The same of any bytes. A fatal decoder throws where they are no text of its encoding. */
export async function* linesOf(
  chunks: AsyncIterable<unknown>,
  decoder: Pick<TextDecoder, 'decode'>,
): AsyncGenerator<LineChunk, void, void> {
  let firstLine = 1;
  let rest = '';
  for await (const bytes of chunks) {
    const lines = `${rest}${decoder.decode(asBytes(bytes), { stream: true })}`.split('\n');
    rest = cut(lines.pop() ?? '');
    if (lines.length > 0) yield { firstLine, lines: lines.map(withoutReturn) };
    firstLine += lines.length;
  }
  rest = `${rest}${decoder.decode()}`;
  if (rest !== '') yield { firstLine, lines: [withoutReturn(rest)] };
}

/** The fields of one line, or undefined when its quotes do not pair up. */
export function csvFields(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(?:,|$)/y;
  for (let at = 0; ; at = field.lastIndex) {
    field.lastIndex = at;
    const match = field.exec(line);
    if (match === null) return undefined;
    const [whole, quoted, plain] = match;
    fields.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (!whole.endsWith(',')) return fields;
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a file read without an encoding gives bytes');
}

function withoutReturn(line: string): string {
  return cut(line.endsWith('\r') ? line.slice(0, -1) : line);
}

function cut(line: string): string {
  return line.length > LINE_CHARACTERS_MAX ? line.slice(0, LINE_CHARACTERS_MAX + 1) : line;
}
