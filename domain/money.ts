/**
 * Amounts: whole minor units of one currency, as bigint, within the signed 64 bits that are stored.
 * Nothing here rounds; what does not fit is undefined, and the caller refuses.
 */

export const MINOR_UNITS_MAX = 2n ** 63n - 1n;
export const MINOR_UNITS_MIN = -(2n ** 63n);

/**
 * A sum over many amounts may leave the signed 64 bits: parts that are within them and add up to
 * it. Mostly one.
 */
export function partsOfSum(sum: bigint): bigint[] {
  const most = sum < 0n ? -MINOR_UNITS_MAX : MINOR_UNITS_MAX;
  const parts: bigint[] = [];
  let rest = sum;
  for (; rest > MINOR_UNITS_MAX || rest < -MINOR_UNITS_MAX; rest -= most) parts.push(most);
  parts.push(rest);
  return parts;
}

/** The sum, or undefined when it leaves the signed 64 bits. */
export function addChecked(a: bigint, b: bigint): bigint | undefined {
  const sum = a + b;
  return sum > MINOR_UNITS_MAX || sum < MINOR_UNITS_MIN ? undefined : sum;
}
