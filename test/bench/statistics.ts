/**
 * What is told of a figure's runs: median, least, greatest, and how many there were. Medians of few
 * runs are what a noisy machine allows; no figure is an average.
 */
export type Summary = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
};

/** Throws a RangeError without values, or when one of them is no finite number. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('a figure needs at least one run');
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new RangeError(`${bad} is no figure`);
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1), runs: sorted.length };
}

/** Events a second, from a count and milliseconds. */
export function perSecond(count: number, ms: number): number {
  return (count * 1000) / ms;
}
