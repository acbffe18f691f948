/**
 * Lines and fields of a CSV file, read plainly: for the expectation, which shares no code with the
 * client. The rules are those of docs and README: LF or CRLF, a byte order mark is dropped, quotes
 * as in RFC 4180 within one line.
 */
import { createReadStream } from 'node:fs';

const LINE_FEED = 0x0a;

export async function* fileLines(path: string): AsyncGenerator<string, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  const lineOf = (bytes: Buffer) => {
    const text = bytes.toString('utf8').replace(/\r$/, '');
    const line = isFirst ? text.replace(/^\ufeff/, '') : text;
    isFirst = false;
    return line;
  };
  for await (const chunk of createReadStream(path)) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a file read without an encoding gives bytes');
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
      yield lineOf(bytes.subarray(from, at));
      from = at + 1;
    }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) yield lineOf(rest);
}

/** The fields of a line, or undefined when it breaks the rules of quoting. */
export function lineFields(line: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = '';
      let end = line.indexOf('"', at + 1);
      while (end >= 0 && line[end + 1] === '"') {
        field += line.slice(at + 1, end + 1);
        at = end + 1;
        end = line.indexOf('"', at + 1);
      }
      if (end < 0) return undefined;
      fields.push(field + line.slice(at + 1, end));
      at = end + 1;
    } else {
      const comma = line.indexOf(',', at);
      const field = line.slice(at, comma < 0 ? line.length : comma);
      if (field.includes('"')) return undefined;
      fields.push(field);
      at += field.length;
    }
    if (at === line.length) return fields;
    if (line[at] !== ',') return undefined;
    at++;
  }
}
