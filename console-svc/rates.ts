/**
 * Rates over time from counters that only grow: what is stored and what is projected, as records of
 * the log and as items of submissions. Kept for one view while it is looked at, in a bounded list.
 * A counter that falls (the log was restored to an older copy) counts as no growth.
 */
import { HISTORY } from './config.ts';

/** Growing sums at a moment; undefined: not known then. */
export type Counts = {
  readonly storedRecords: number | undefined;
  readonly projectedRecords: number | undefined;
  readonly storedItems: number | undefined;
  readonly visibleItems: number | undefined;
};
export type Counted = keyof Counts;

export type Rates = {
  /** `atMs` on the clock of performance.now(). */
  note(atMs: number, counts: Counts): void;
  /** A second, over the last few seconds; undefined: not known yet. */
  now(counted: Counted): number | undefined;
  /** A second, between each two looks, oldest first. */
  past(counted: Counted): number[];
  /** How long that is. */
  spanMs(): number;
};

type Sample = { readonly atMs: number; readonly counts: Counts };

const MS_A_SECOND = 1_000;

export function createRates(): Rates {
  const samples: Sample[] = [];
  return {
    note(atMs, counts) {
      samples.push({ atMs, counts });
      if (samples.length > HISTORY.samplesMax) samples.shift();
    },
    now(counted) {
      const newest = samples.at(-1);
      if (newest === undefined) return undefined;
      const before = samples.findLast(({ atMs }) => atMs <= newest.atMs - HISTORY.rateMs);
      return rateBetween(before ?? samples[0], newest, counted);
    },
    past: (counted) =>
      samples.slice(1).map((sample, at) => rateBetween(samples[at], sample, counted) ?? 0),
    spanMs: () => (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0),
  };
}

function rateBetween(from: Sample | undefined, to: Sample, counted: Counted): number | undefined {
  const before = from?.counts[counted];
  const after = to.counts[counted];
  const ms = to.atMs - (from?.atMs ?? to.atMs);
  if (before === undefined || after === undefined || ms <= 0) return undefined;
  return (Math.max(0, after - before) * MS_A_SECOND) / ms;
}
