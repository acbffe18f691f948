/**
 * Where the fields of an item stand in a file: columns of a CSV header, or names of an NDJSON
 * object, under their own names or those of --map. A row answers a field's text, empty when it has
 * none; what is no text it refuses by a RowError, which makes the line malformed.
 */
import type { LineChunk } from '../csv-lines.ts';
import { LINE_CHARACTERS_MAX } from '../csv-lines.ts';
import { csvRecords, type CsvRecord } from './bulk-csv.ts';
import { CommandError } from './command-context.ts';

export const BULK_FORMATS = ['csv', 'ndjson'] as const;
export type BulkFormat = (typeof BULK_FORMATS)[number];

/** What a rejects file says besides; ignored when it is sent. */
export const REJECT_FIELDS = ['reason', 'message', 'field'] as const;
const LABEL_PREFIX = 'label.';

export type Layout = {
  readonly format: BulkFormat;
  readonly delimiter: string;
  /** Field to the column that holds it. */
  readonly map: ReadonlyMap<string, string>;
  /** Fields without which no item can be made. */
  readonly required: readonly string[];
};

export type Row = {
  /** Throws RowError when it is there and no text. */
  readonly text: (field: string) => string;
  /** Columns `label.NAME`, or the object `labels`. */
  readonly labels: () => Record<string, string>;
};

/** Why a line is no item. */
export class RowError extends Error {
  override readonly name = 'RowError';
}

export type FileLine = {
  readonly line: number;
  readonly text: string;
  /** undefined: the line cannot be read, and `problem` says why. */
  readonly row: Row | undefined;
  readonly problem: string;
  /** Of CSV, the line's columns. */
  readonly fields?: readonly string[];
};

export type FileLines = {
  /** Of CSV, its columns; known from the first chunk on. */
  readonly header: () => readonly string[];
  readonly chunks: AsyncGenerator<readonly FileLine[], void, void>;
};

/** Throws CommandError when the header lacks what is required. */
export function fileLines(chunks: AsyncIterable<LineChunk>, layout: Layout): FileLines {
  if (layout.format === 'ndjson') {
    return { header: () => [], chunks: ndjsonLines(chunks, layout) };
  }
  let header: Header | undefined;
  const read = async function* () {
    for await (const records of csvRecords(chunks, layout.delimiter)) {
      const rows: FileLine[] = [];
      for (const record of records) {
        if (header === undefined) header = headerOf(record, layout);
        else rows.push(csvRow(record, header));
      }
      yield rows;
    }
    if (header === undefined) throw new CommandError('the file is empty: it has no header');
  };
  return { header: () => header?.names ?? [], chunks: read() };
}

/** Without what a rejects file that is sent again says of its last run. */
export function ownColumns(columns: readonly string[]): readonly string[] {
  return isRejects(columns) ? columns.slice(0, -REJECT_FIELDS.length) : columns;
}

export function isRejects(header: readonly string[]): boolean {
  return header.slice(-REJECT_FIELDS.length).join() === REJECT_FIELDS.join();
}

type Header = {
  readonly names: readonly string[];
  readonly at: ReadonlyMap<string, number>;
  readonly labels: readonly (readonly [string, number])[];
};

function headerOf({ fields }: CsvRecord, { map, required }: Layout): Header {
  if (typeof fields === 'string') throw new CommandError(`the header cannot be read: ${fields}`);
  if (fields.some((name) => name.includes('\r'))) {
    const hint = 'they must end with LF or CRLF';
    throw new CommandError(`the header has a CR in it: the lines end with CR alone, and ${hint}`);
  }
  const own = ownColumns(fields);
  const places = new Map(own.map((name, place) => [name.trim(), place]));
  if (places.size < own.length) throw new CommandError('the header names a column twice');
  const at = new Map(places);
  for (const [field, column] of map) {
    const place = places.get(column);
    if (place === undefined) throw new CommandError(missing(`--map: no column ${column}`, fields));
    at.set(field, place);
  }
  const absent = required.filter((field) => !at.has(field));
  if (absent.length > 0) {
    const hint = `name the column by --map ${absent[0]}=COLUMN`;
    throw new CommandError(missing(`no column ${absent.join(', ')}; ${hint}`, fields));
  }
  const labels = [...places]
    .filter(([name]) => name.startsWith(LABEL_PREFIX))
    .map(([name, place]) => [name.slice(LABEL_PREFIX.length), place] as const);
  return { names: fields, at, labels };
}

function missing(what: string, header: readonly string[]): string {
  return `${what}. The header has: ${header.join(' | ').slice(0, 200)}`;
}

function csvRow({ line, text, fields }: CsvRecord, { names, at, labels }: Header): FileLine {
  if (typeof fields === 'string') return { line, text, row: undefined, problem: fields };
  if (fields.length !== names.length) {
    const problem = `${fields.length} fields where the header has ${names.length}`;
    return { line, text, row: undefined, problem };
  }
  const row: Row = {
    text: (field) => fields[at.get(field) ?? -1] ?? '',
    labels: () =>
      Object.fromEntries(
        labels
          .map(([name, place]) => [name, fields[place] ?? ''] as const)
          .filter(([, value]) => value !== ''),
      ),
  };
  return { line, text, row, problem: '', fields };
}

async function* ndjsonLines(
  chunks: AsyncIterable<LineChunk>,
  { map }: Layout,
): AsyncGenerator<readonly FileLine[], void, void> {
  for await (const { firstLine, lines } of chunks) {
    yield lines
      .map((text, place) => ndjsonLine(text, firstLine + place, map))
      .filter(({ text }) => text.trim() !== '');
  }
}

function ndjsonLine(text: string, line: number, map: ReadonlyMap<string, string>): FileLine {
  const value = jsonObject(text);
  if (typeof value === 'string') return { line, text, row: undefined, problem: value };
  const row: Row = {
    text: (field) => textOf(value, map.get(field) ?? field),
    labels: () => {
      const labels = value[map.get('labels') ?? 'labels'] ?? {};
      if (!isObject(labels)) throw new RowError('labels is no object of texts');
      return Object.fromEntries(Object.keys(labels).map((name) => [name, textOf(labels, name)]));
    },
  };
  return { line, text, row, problem: '' };
}

/** The object that the text says, or the sentence why it says none. */
export function jsonObject(text: string): Record<string, unknown> | string {
  if (text.length > LINE_CHARACTERS_MAX) return `longer than ${LINE_CHARACTERS_MAX} characters`;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : 'no JSON object';
  } catch (error) {
    return error instanceof Error ? `no JSON: ${error.message.slice(0, 100)}` : 'no JSON';
  }
}

function textOf(object: Record<string, unknown>, name: string): string {
  const value = object[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  const why = typeof value === 'number' ? 'a number would lose digits' : `not ${typeof value}`;
  throw new RowError(`${name} must be a text, as "12.50": ${why}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
