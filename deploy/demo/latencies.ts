/**
 * Percentiles of times that many items share: each time counts as often as it has items.
 */

export type Latencies = {
  add(ms: number, items: number): void;
  /** The least time that at least this part of the items took no longer than; NaN without items. */
  percentile(part: number): number;
};

export function createLatencies(): Latencies {
  const times: { ms: number; items: number }[] = [];
  let total = 0;
  return {
    add: (ms, items) => {
      times.push({ ms, items });
      total += items;
    },
    percentile: (part) => {
      let left = total * part;
      const sorted = times.toSorted((a, b) => a.ms - b.ms);
      return sorted.find(({ items }) => (left -= items) <= 0)?.ms ?? Number.NaN;
    },
  };
}
