/**
 * CSV as records: the first step of a file's way. Fields as RFC 4180 has them: quoted ones may hold
 * the delimiter, quotes and line breaks. The records are found here rather than by a library, since
 * a broken line must cost itself only: a quote that is never closed makes its own line malformed,
 * and the next one counts again, the same at every reading.
 */
import { LINE_CHARACTERS_MAX, type LineChunk } from '../csv-lines.ts';
import { BULK_LIMITS } from './bulk-limits.ts';

/** Lines that belong together; `fields` is the sentence why there are none. */
export type CsvRecord = {
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** As it stands in the file, its lines joined by a line feed. */
  readonly text: string;
  readonly fields: readonly string[] | string;
};

/** Empty lines are passed over. */
export async function* csvRecords(
  chunks: AsyncIterable<LineChunk>,
  delimiter: string,
): AsyncGenerator<readonly CsvRecord[], void, void> {
  let waiting: string[] = [];
  let line = 1;
  let columns: number | undefined;
  for await (const { lines } of chunks) {
    const all = waiting.length === 0 ? lines : [...waiting, ...lines];
    const { records, taken, ...known } = takeRecords(all, line, {
      delimiter,
      columns,
      isLast: false,
    });
    columns = known.columns;
    waiting = all.slice(taken);
    line += taken;
    yield records;
  }
  if (waiting.length > 0)
    yield takeRecords(waiting, line, { delimiter, columns, isLast: true }).records;
}

type Taken = {
  readonly records: CsvRecord[];
  readonly taken: number;
  readonly columns: number | undefined;
};
type Taking = {
  readonly delimiter: string;
  /** Of the header, once it is known. */
  readonly columns: number | undefined;
  readonly isLast: boolean;
};

/**
 * Up to a record that may go on in lines which have not come. Lines that make no record of the
 * header's columns together are none: the quote was never closed.
 */
function takeRecords(
  lines: readonly string[],
  firstLine: number,
  { delimiter, columns: known, isLast }: Taking,
): Taken {
  const records: CsvRecord[] = [];
  let columns = known;
  let at = 0;
  while (at < lines.length) {
    const first = lines[at] ?? '';
    const line = firstLine + at;
    let text = first;
    let count = 1;
    let fields = fieldsOf(text, delimiter);
    while (fields === OPEN && count < BULK_LIMITS.recordLinesMax && at + count < lines.length) {
      text = `${text}\n${lines[at + count] ?? ''}`;
      count += 1;
      fields = fieldsOf(text, delimiter);
    }
    const mayGoOn = fields === OPEN && count < BULK_LIMITS.recordLinesMax;
    if (mayGoOn && !isLast) break;
    const isTorn = count > 1 && columns !== undefined && fields.length !== columns;
    if (typeof fields === 'string' || isTorn) {
      records.push({ line, text: first, fields: problemOf(first, delimiter) });
      at += 1;
    } else {
      if (first !== '' || count > 1) {
        records.push({ line, text, fields });
        columns ??= fields.length;
      }
      at += count;
    }
  }
  return { records, taken: at, columns };
}

/** A quoted field has not ended yet. */
const OPEN = 'a quote is not closed';
const TOO_LONG = `longer than ${LINE_CHARACTERS_MAX} characters`;

function problemOf(line: string, delimiter: string): string {
  const fields = fieldsOf(line, delimiter);
  return typeof fields === 'string' ? fields : OPEN;
}

/** The fields, or why the text has none: OPEN when more of it could help. */
export function fieldsOf(text: string, delimiter: string): string[] | string {
  if (text.length > LINE_CHARACTERS_MAX) return TOO_LONG;
  if (!text.includes('"')) return text.split(delimiter);
  const fields: string[] = [];
  for (let at = 0; ; at += 1) {
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end < 0) return OPEN;
      fields.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
      if (at < text.length && text[at] !== delimiter) return 'text behind a closing quote';
    } else {
      const next = text.indexOf(delimiter, at);
      const end = next < 0 ? text.length : next;
      const field = text.slice(at, end);
      if (field.includes('"')) return 'a quote within a field that does not begin with one';
      fields.push(field);
      at = end;
    }
    if (at >= text.length) return fields;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
