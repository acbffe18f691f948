/** The stored forms of item indexes: what is written is read back, and nothing else is accepted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeIndexes,
  decodeStoredItems,
  encodeIndexes,
  encodeStoredItems,
  type StoredOutcome,
} from '../../../command-svc/item-indexes.ts';

const ascending = fc
  .uniqueArray(fc.oneof(fc.nat(5000), fc.maxSafeNat()), { maxLength: 200 })
  .map((indexes) => indexes.toSorted((a, b) => a - b));
const outcome = fc.constantFrom<StoredOutcome>(0, 1, 2);

/** The rule of the migration's comment, with big integers. */
function plainVarints(numbers: readonly bigint[]): number[] {
  return numbers.flatMap((number) => {
    const bytes: number[] = [];
    let left = number;
    for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
    return [...bytes, Number(left)];
  });
}

function distances(indexes: readonly number[]): bigint[] {
  return indexes.map((index, i) => BigInt(index) - BigInt(indexes[i - 1] ?? 0));
}

describe('stored items', () => {
  it('are varints of the distance and the outcome, and come back as they were', () => {
    fc.assert(
      fc.property(ascending, fc.infiniteStream(outcome), (indexes, stream) => {
        const outcomes = [...stream.take(indexes.length)];
        const bytes = encodeStoredItems(indexes, outcomes);
        const numbers = distances(indexes).map((d, i) => (d << 2n) | BigInt(outcomes[i] ?? 0));
        expect([...bytes]).toEqual(plainVarints(numbers));
        expect(decodeStoredItems(bytes)).toEqual({ indexes, outcomes });
      }),
    );
  });

  it('cost one byte an item for what lies close together', () => {
    const indexes = Array.from({ length: 1000 }, (_, i) => i * 16);
    expect(encodeStoredItems(indexes, new Array<0>(1000).fill(0))).toHaveLength(1000);
  });

  it('refuse indexes that repeat or fall, and counts that differ', () => {
    expect(() => encodeStoredItems([3, 3], [0, 0])).toThrow(/3 at place 1 does not ascend from 3/);
    expect(() => encodeStoredItems([3, 2], [0, 0])).toThrow(RangeError);
    expect(() => encodeStoredItems([-1], [0])).toThrow(RangeError);
    expect(() => encodeStoredItems([0.5], [0])).toThrow(RangeError);
    expect(() => encodeStoredItems([1], [])).toThrow(RangeError);
  });

  it('refuse bytes that end within a number, an outcome that is unknown, a repeated index', () => {
    expect(() => decodeStoredItems(Uint8Array.of(0x80))).toThrow(/end within a number/);
    expect(() => decodeStoredItems(Uint8Array.of(3))).toThrow(/outcome 3/);
    expect(() => decodeStoredItems(Uint8Array.of(4, 0))).toThrow(/does not ascend/);
  });
});

describe('accepted indexes', () => {
  it('are varints of distances, and come back as they were', () => {
    fc.assert(
      fc.property(ascending, (indexes) => {
        const bytes = encodeIndexes(indexes);
        expect([...bytes]).toEqual(plainVarints(distances(indexes)));
        expect(decodeIndexes(bytes)).toEqual(indexes);
      }),
    );
  });
});
