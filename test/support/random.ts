/**
 * Random numbers from a seed (mulberry32): the same seed makes the same data, so a failure that
 * prints its seed can be run again. Never for anything but tests.
 */
export type Random = {
  seed: number;
  /** 0 <= x < 1 */
  next: () => number;
  /** A whole number, 0 <= n < limit. */
  below: (limit: number) => number;
  pick: <T>(from: readonly T[]) => T;
  /** A version 4 UUID. */
  uuid: () => string;
};

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    seed,
    next,
    below,
    pick: (from) => {
      const one = from[below(from.length)];
      if (one === undefined) throw new RangeError('nothing to pick from');
      return one;
    },
    uuid: () => {
      const bytes = Buffer.from(Array.from({ length: 16 }, () => below(256)));
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      const hex = bytes.toString('hex');
      return [
        hex.slice(0, 8),
        hex.slice(8, 12),
        hex.slice(12, 16),
        hex.slice(16, 20),
        hex.slice(20),
      ].join('-');
    },
  };
}

const used: number[] = [];
let nextSeed = Number(process.env['BANK_TEST_SEED'] ?? Date.now() % 1_000_000_000);

/** A seed for one run of one test; BANK_TEST_SEED sets the first of a process. */
export function freshSeed(): number {
  used.push(nextSeed);
  return nextSeed++;
}

/** As many as CI has time for; BANK_TEST_SEEDS says how many, for a longer run by hand. */
export function freshSeeds(inCi: number): number[] {
  const count = Number(process.env['BANK_TEST_SEEDS'] ?? inCi);
  return Array.from({ length: count }, freshSeed);
}

/** Those that freshSeed has given out in this process. */
export function usedSeeds(): readonly number[] {
  return used;
}
