/**
 * What a reconciliation found: every comparison is counted, every difference is kept as a sentence,
 * the first so many of each kind; nothing is thrown, so that one difference does not hide another.
 */

const KEPT_A_KIND = 5;

export type Findings = {
  /** Compares two values; `what` says in a few words what they are. */
  equal(kind: string, what: string, found: Comparable, expected: Comparable): void;
  difference(kind: string, text: string): void;
  /** Runs what may find bytes that cannot be read: that is a difference too, and undefined. */
  attempt<T>(kind: string, what: string, read: () => T): T | undefined;
  /** A sentence for each difference, at most five of a kind and how many more there are. */
  differences(): string[];
  readonly comparisons: () => number;
};

type Comparable = string | number | bigint | undefined;

export function createFindings(): Findings {
  const kinds = new Map<string, { count: number; texts: string[] }>();
  let comparisons = 0;
  const difference = (kind: string, text: string) => {
    const found = kinds.get(kind) ?? { count: 0, texts: [] };
    kinds.set(kind, found);
    found.count++;
    if (found.texts.length < KEPT_A_KIND) found.texts.push(text);
  };
  return {
    difference,
    attempt: (kind, what, read) => {
      try {
        return read();
      } catch (error) {
        difference(kind, `${what} cannot be read: ${String(error)}`);
        return undefined;
      }
    },
    equal: (kind, what, found, expected) => {
      comparisons++;
      if (found !== expected) difference(kind, `${what}: ${found}, expected ${expected}`);
    },
    differences: () =>
      [...kinds].flatMap(([kind, { count, texts }]) => [
        ...texts.map((text) => `${kind}: ${text}`),
        ...(count > texts.length ? [`${kind}: ${count - texts.length} more`] : []),
      ]),
    comparisons: () => comparisons,
  };
}
