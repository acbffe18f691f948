/**
 * The fold of a submission's rows against a set of indexes, whatever the rows' sizes and
 * interleaving.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeStoredItems } from '../../../command-svc/item-indexes.ts';
import {
  finishFold,
  foldIsFull,
  foldRow,
  startFold,
  type FoldedSubmission,
} from '../../../command-svc/submission-fold.ts';

const row = (indexes: readonly number[]) => ({
  firstIndex: indexes[0] ?? 0,
  items: encodeStoredItems(indexes, new Array<0>(indexes.length).fill(0)),
});

function fold(rows: readonly (readonly number[])[]): FoldedSubmission {
  const state = startFold();
  const sorted = rows.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  for (const indexes of sorted) foldRow(state, row(indexes));
  return finishFold(state);
}

/** The same by a set. */
function plainFold(indexes: readonly number[]): FoldedSubmission {
  const sorted = [...new Set(indexes)].toSorted((a, b) => a - b);
  const missing: { first: number; end: number }[] = [];
  let next = 0;
  for (const index of sorted) {
    if (index > next) missing.push({ first: next, end: index });
    next = index + 1;
  }
  const nextItemIndex = missing[0]?.first ?? next;
  return {
    nextItemIndex,
    missing: missing.slice(0, 100),
    repeated: indexes.length - sorted.length,
  };
}

describe('the fold of a submission', () => {
  it('finds what is missing, as a set does', () => {
    const indexes = fc.uniqueArray(fc.nat(400), { maxLength: 300 });
    fc.assert(
      fc.property(indexes, fc.integer({ min: 1, max: 7 }), (all, lanes) => {
        const rows = Array.from({ length: lanes }, (_, lane) =>
          all.filter((index) => index % lanes === lane).toSorted((a, b) => a - b),
        ).filter((one) => one.length > 0);
        expect(fold(rows)).toEqual(plainFold(all));
      }),
    );
  });

  it('of nothing is next at 0', () => {
    expect(fold([])).toEqual({ nextItemIndex: 0, missing: [], repeated: 0 });
  });

  it('keeps no more than what overlaps, however long the submission', () => {
    const state = startFold();
    let most = 0;
    for (let start = 0; start < 2_000_000; start += 16_000) {
      for (let lane = 0; lane < 16; lane++) {
        const indexes = Array.from({ length: 1000 }, (_, i) => start + lane + i * 16);
        foldRow(state, row(indexes));
      }
      most = Math.max(most, state.pending.length);
    }
    expect(finishFold(state)).toEqual({ nextItemIndex: 2_000_000, missing: [], repeated: 0 });
    expect(most).toBeLessThan(150_000);
  });

  it('tells the first 100 gaps, and when more rows can tell no more', () => {
    const state = startFold();
    const odd = Array.from({ length: 70_000 }, (_, i) => 2 * i + 1);
    foldRow(state, row(odd));
    expect(foldIsFull(state)).toBe(false);
    foldRow(state, row([200_000]));
    expect(foldIsFull(state)).toBe(true);
    const { missing, nextItemIndex } = finishFold(state);
    expect(missing).toHaveLength(100);
    expect(missing[99]).toEqual({ first: 198, end: 199 });
    expect(nextItemIndex).toBe(0);
  });

  it('counts an index that is stored twice', () => {
    expect(
      fold([
        [0, 1, 2],
        [1, 3],
      ]).repeated,
    ).toBe(1);
  });
});
