/**
 * How far a stream was at which time, and the rate between two points of it: growth is the rate of
 * a late part against that of an early one.
 */
import { perSecond } from './statistics.ts';

export type Mark = { readonly items: number; readonly atMs: number };

/** Items a second between the first marks at or beyond the two counts. NaN when none are. */
export function rateBetween(marks: readonly Mark[], from: number, to: number): number {
  const start = marks.find(({ items }) => items >= from);
  const end = marks.find(({ items }) => items >= to) ?? marks.at(-1);
  if (start === undefined || end === undefined || end.items <= start.items) return Number.NaN;
  return perSecond(end.items - start.items, end.atMs - start.atMs);
}
