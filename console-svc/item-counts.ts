/**
 * Growing sums over submissions that come and go in a list: what a submission has grown by since it
 * was seen last counts, and what it had when it was seen first does not, unless it is new since.
 */

export type ItemCounts = {
  /** Answers the sum so far. `items`: of each submission that is listed, what is known of it. */
  note(items: ReadonlyMap<string, number | undefined>): number;
};

export function createItemCounts(): ItemCounts {
  let seen: ReadonlyMap<string, number> | undefined;
  let total = 0;
  return {
    note(items) {
      const next = new Map<string, number>();
      for (const [name, count] of items) {
        const before = seen?.get(name);
        const known = count ?? before;
        if (known === undefined) continue;
        next.set(name, known);
        // In a first list everything is old; later a name that was not there is a new submission.
        const base = before ?? (seen === undefined ? known : 0);
        total += Math.max(0, known - base);
      }
      seen = next;
      return total;
    },
  };
}
