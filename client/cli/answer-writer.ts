/**
 * Writes what the bank has answered in the format that was asked for: a table for people, one JSON
 * value, a JSON value a line, or CSV. Writes no faster than its reader reads; ends with the signal
 * when nobody reads any more.
 */
import { once } from 'node:events';
import type { JsonValue } from '@bufbuild/protobuf';
import type { CommandContext } from './command-context.ts';
import { csvRow } from './csv-row.ts';
import { textRecord, textTable, type Column } from './text-table.ts';

/** How a kind of thing is shown; `csv` may have columns that are too many for a table. */
export type Columns<T> = {
  readonly table: readonly Column<T>[];
  readonly csv: readonly Column<T>[];
};

type Output = Pick<CommandContext, 'output' | 'stdout' | 'signal'>;

export async function writeText({ stdout, signal }: Output, text: string): Promise<void> {
  signal.throwIfAborted();
  if (text !== '' && !stdout.write(text)) await once(stdout, 'drain', { signal });
}

/** One answer: `rows` are what of it is shown to people and in CSV. */
export async function writeAnswer<T>(
  context: Output,
  { json, rows, columns }: { json: JsonValue; rows: readonly T[]; columns: Columns<T> },
): Promise<void> {
  await writeText(context, answerText(context.output, json, rows, columns));
}

function answerText<T>(
  output: CommandContext['output'],
  json: JsonValue,
  rows: readonly T[],
  { table, csv }: Columns<T>,
): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(json, null, 2)}\n`;
    case 'ndjson':
      return `${JSON.stringify(json)}\n`;
    case 'csv':
      return csvText(csv, rows, true);
    case 'table':
      return `${rows.map((row) => textRecord(table, row).join('\n')).join('\n\n')}\n`;
  }
}

export type ListWriter<T> = {
  /** May be called again and again; in JSON all is kept until end(). */
  readonly write: (items: readonly T[]) => Promise<void>;
  readonly end: () => Promise<void>;
};

/** A list. `whole`: the one JSON value that all of it makes. */
export function listWriter<T>(
  context: Output,
  columns: Columns<T>,
  json: (item: T) => JsonValue,
  whole: (items: JsonValue[]) => JsonValue,
): ListWriter<T> {
  const { output, stdout } = context;
  const table = textTable(columns.table, stdout.isTTY === true ? stdout.columns : undefined);
  const kept: JsonValue[] = [];
  let isBegun = false;
  const write = async (items: readonly T[]): Promise<void> => {
    if (output === 'json') {
      for (const item of items) kept.push(json(item));
    } else if (output === 'ndjson') {
      await writeText(context, items.map((item) => `${JSON.stringify(json(item))}\n`).join(''));
    } else if (output === 'csv') {
      await writeText(context, csvText(columns.csv, items, !isBegun));
    } else {
      await writeText(context, table.lines(items).join('\n') + '\n');
    }
    isBegun = true;
  };
  return {
    write,
    end: async () => {
      if (output === 'json') {
        await writeText(context, `${JSON.stringify(whole(kept), null, 2)}\n`);
      } else if (!isBegun) {
        await write([]);
      }
    },
  };
}

function csvText<T>(columns: readonly Column<T>[], rows: readonly T[], isFirst: boolean): string {
  const titles = isFirst ? csvRow(columns.map(({ title }) => title)) : '';
  return titles + rows.map((row) => csvRow(columns.map(({ value }) => value(row)))).join('');
}
