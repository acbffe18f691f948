/** The example's results and times as lines of text. */
import { grouped } from '../demo/progress-bar.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import type { WayTimes } from './ways.ts';

const SHOWN = 3;
const CELL = 12;

/** The first results, and how many more there are. */
export function resultLines(results: readonly ItemResult[]): string[] {
  const shown = results.slice(0, SHOWN).map((result) => `  ${resultText(result)}`);
  const more = results.length - shown.length;
  return more > 0 ? [...shown, `  and ${grouped(more)} more`] : shown;
}

/** Rates until stored and until readable, and how many times the first way's they are. */
export function waysTable(ways: Readonly<Record<string, WayTimes>>): string[] {
  const rows = Object.entries(ways);
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const line = (label: string, ...cells: string[]): string =>
    label.padEnd(width) + cells.map((cell) => cell.padStart(CELL)).join('');
  const [first] = rows;
  const base = first === undefined ? Number.NaN : rate(first[1].items, first[1].readMs);
  return [
    line('', 'deposits', 'stored/s', 'readable/s', 'times'),
    ...rows.map(([name, { items, storedMs, readMs }]) => {
      const readable = rate(items, readMs);
      const times = (readable / base).toFixed(1);
      const stored = Math.round(rate(items, storedMs));
      return line(name, grouped(items), grouped(stored), grouped(Math.round(readable)), times);
    }),
  ];
}

function rate(items: number, ms: number): number {
  return (items * 1000) / ms;
}

function resultText({ itemIndex, duplicate, outcome }: ItemResult): string {
  const again = duplicate ? ' (stored before)' : '';
  switch (outcome?.$case) {
    case 'receipt': {
      const { accountId, version, balance } = outcome.value;
      const money = `${balance?.minorUnits} ${balance?.currencyCode} minor units`;
      return `item ${itemIndex}: ${accountId} at version ${version}, balance ${money}${again}`;
    }
    case 'rejection': {
      const { accountId, reason, message } = outcome.value;
      return `item ${itemIndex}: ${accountId} refused, ${reason}: ${message}${again}`;
    }
    case undefined:
      return `item ${itemIndex}: no outcome`;
  }
}
