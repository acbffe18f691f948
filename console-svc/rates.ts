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
  /** The same at each look but the first, oldest first. */
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
    now: (counted) => rateUpTo(samples, samples.length - 1, counted),
    past: (counted) => samples.slice(1).map((_, at) => rateUpTo(samples, at + 1, counted) ?? 0),
    spanMs: () => (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0),
  };
}

/** Over some seconds: answers of one look are not of one moment. */
function rateUpTo(samples: readonly Sample[], at: number, counted: Counted): number | undefined {
  const newest = samples[at];
  if (newest === undefined) return undefined;
  let from = at;
  while (from > 0 && newest.atMs - (samples[from]?.atMs ?? 0) < HISTORY.rateMs) from -= 1;
  return rateBetween(samples[from], newest, counted);
}

function rateBetween(from: Sample | undefined, to: Sample, counted: Counted): number | undefined {
  const before = from?.counts[counted];
  const after = to.counts[counted];
  const ms = to.atMs - (from?.atMs ?? to.atMs);
  if (before === undefined || after === undefined || ms <= 0) return undefined;
  return (Math.max(0, after - before) * MS_A_SECOND) / ms;
}
