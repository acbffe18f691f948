/**
 * Account ids from a seed, and how a load spreads over them: evenly, all on one, or by Zipf's law.
 */
import { seededRandom } from '#deploy/demo/random.ts';
import { uuidFromBytes } from '#platform/uuid.ts';

const VERSION_4 = 0x40;
const VARIANT = 0x80;

export function accountIds(seed: number, count: number): string[] {
  const random = seededRandom(seed);
  const bytes = Buffer.alloc(16);
  return Array.from({ length: count }, () => {
    for (let at = 0; at < 16; at += 4) bytes.writeUInt32LE(random.below(2 ** 32), at);
    bytes[6] = VERSION_4 | ((bytes[6] ?? 0) & 0x0f);
    bytes[8] = VARIANT | ((bytes[8] ?? 0) & 0x3f);
    return uuidFromBytes(bytes);
  });
}

/** Answers the account of the next item. */
export type Spread = () => string;

export function uniformly(ids: readonly string[], seed: number): Spread {
  const random = seededRandom(seed);
  return () => ids[random.below(ids.length)] ?? '';
}

export function onOne(id: string): Spread {
  return () => id;
}

/** Each once, in their order; after the last the first follows. */
export function inOrder(ids: readonly string[]): Spread {
  let at = 0;
  return () => ids[at++ % ids.length] ?? '';
}

/** The n-th account gets 1/n of what the first gets (exponent 1). */
export function byZipf(ids: readonly string[], seed: number): Spread {
  const random = seededRandom(seed);
  let sum = 0;
  const upTo = Float64Array.from(ids, (_, index) => (sum += 1 / (index + 1)));
  return () => {
    const wanted = random.next() * sum;
    let [low, high] = [0, ids.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return ids[low] ?? '';
  };
}
