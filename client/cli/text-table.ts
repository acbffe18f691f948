/**
 * Rows of text in columns, for people: numbers to the right, the width of each cell as a terminal
 * shows it, and no wider than the terminal, where a column may be cut. Rows may come in parts:
 * columns grow where a later part needs it.
 */
import stringWidth from 'string-width';
import { plainText } from './labelled-row.ts';

export type Column<T> = {
  readonly title: string;
  readonly value: (item: T) => string;
  readonly align?: 'right';
  /** Is cut first where there is too little room. */
  readonly mayShrink?: true;
};

const GAP = '  ';
const CUT_MARK = '...';
const SHRUNK_WIDTH_MIN = 8;

export type TextTable<T> = { readonly lines: (items: readonly T[]) => string[] };

/** The titles stand before the first rows. `widthMax` undefined: as wide as it gets. */
export function textTable<T>(columns: readonly Column<T>[], widthMax?: number): TextTable<T> {
  const widths = columns.map(({ title }) => stringWidth(title));
  let isBegun = false;
  const line = (cells: readonly string[], shown: readonly number[]): string =>
    cells
      .map((cell, at) => padded(cell, shown[at] ?? 0, columns[at]?.align === 'right'))
      .join(GAP)
      .trimEnd();
  return {
    lines: (items) => {
      const rows = items.map((item) => columns.map(({ value }) => plainText(value(item))));
      for (const row of rows) {
        for (const [at, cell] of row.entries()) {
          widths[at] = Math.max(widths[at] ?? 0, stringWidth(cell));
        }
      }
      const shown = fitted(columns, widths, widthMax);
      const titles = isBegun ? [] : [columns.map(({ title }) => title)];
      isBegun = true;
      return [...titles, ...rows].map((cells) => line(cells, shown));
    },
  };
}

/** One thing as lines of label and value; what has no value is left out. */
export function textRecord<T>(columns: readonly Column<T>[], item: T): string[] {
  const facts = columns.map(({ title, value }) => [title, plainText(value(item))] as const);
  const known = facts.filter(([, value]) => value !== '');
  const width = Math.max(0, ...known.map(([title]) => title.length));
  return known.map(([title, value]) => `${title.padEnd(width)}${GAP}${value}`);
}

function fitted<T>(
  columns: readonly Column<T>[],
  widths: readonly number[],
  widthMax: number | undefined,
): number[] {
  const shown = [...widths];
  if (widthMax === undefined) return shown;
  const total = shown.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  let over = total - widthMax;
  for (const [at, { mayShrink }] of columns.entries()) {
    if (over <= 0) break;
    const width = shown[at] ?? 0;
    if (mayShrink !== true || width <= SHRUNK_WIDTH_MIN) continue;
    const cut = Math.min(over, width - SHRUNK_WIDTH_MIN);
    shown[at] = width - cut;
    over -= cut;
  }
  return shown;
}

function padded(cell: string, width: number, toTheRight: boolean): string {
  const text = stringWidth(cell) > width ? shortened(cell, width) : cell;
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return toTheRight ? `${space}${text}` : `${text}${space}`;
}

function shortened(cell: string, width: number): string {
  let text = '';
  for (const character of cell) {
    if (stringWidth(`${text}${character}${CUT_MARK}`) > width) break;
    text += character;
  }
  return `${text}${CUT_MARK}`;
}
