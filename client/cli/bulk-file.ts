/**
 * A file as numbered items: the lines that make one get the indexes 0, 1, ... in their order, the
 * others are malformed and take none. Two readings give the same indexes, so an upload goes on by
 * reading again, and an index leads back to its line without anything kept in memory.
 */
import { linesOf } from '../csv-lines.ts';
import { ItemsMissingError } from '../upload-parts.ts';
import { textDecoder } from './bulk-text.ts';
import type { BulkInput } from './bulk-input.ts';
import type { ReadItem } from './bulk-items.ts';
import { fileLines, RowError, type FileLine, type Layout } from './bulk-layout.ts';

export type BulkFile<Item> = {
  readonly input: BulkInput;
  readonly layout: Layout;
  readonly encoding: string;
  readonly readItem: ReadItem<Item>;
};

export type NumberedLine<Item> = FileLine & {
  /** undefined: malformed, as `problem` says. */
  readonly item: Item | undefined;
  /** Of the item; of a malformed line, that of the next item. */
  readonly index: number;
};

export type NumberedLines<Item> = {
  readonly header: () => readonly string[];
  readonly chunks: AsyncGenerator<readonly NumberedLine<Item>[], void, void>;
};

/** What a reading has seen so far. */
export type Tally = { items: number; malformed: number };

export function numberedLines<Item>(file: BulkFile<Item>): NumberedLines<Item> {
  const { input, layout, encoding, readItem } = file;
  const lines = fileLines(linesOf(input.bytes(), textDecoder(encoding)), layout);
  const number = async function* () {
    let index = 0;
    for await (const chunk of lines.chunks) {
      yield chunk.map((line): NumberedLine<Item> => {
        const read = itemOf(line, readItem);
        if (typeof read === 'string') return { ...line, item: undefined, problem: read, index };
        return { ...line, item: read, index: index++ };
      });
    }
  };
  return { header: lines.header, chunks: number() };
}

function itemOf<Item>({ row, problem }: FileLine, readItem: ReadItem<Item>): Item | string {
  if (row === undefined) return problem;
  try {
    return readItem(row);
  } catch (error) {
    if (error instanceof RowError) return error.message;
    throw error;
  }
}

/** The items from an index on; counts what it reads from the beginning. */
export async function* itemsFrom<Item>(
  file: BulkFile<Item>,
  fromIndex: number,
  tally: Tally,
): AsyncGenerator<Item, void, void> {
  tally.items = 0;
  tally.malformed = 0;
  for await (const chunk of numberedLines(file).chunks) {
    for (const { item, index } of chunk) {
      if (item === undefined) tally.malformed += 1;
      else {
        tally.items += 1;
        if (index >= fromIndex) yield item;
      }
    }
  }
  if (tally.items < fromIndex) {
    const message = `${fromIndex} items are stored, and the file has only ${tally.items}`;
    throw new ItemsMissingError(`${message}: is it the one of this submission?`);
  }
}
