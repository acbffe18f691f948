/**
 * What is missing of a submission: the fold of its stored rows, in ascending order of their first
 * index. Rows of concurrent batches interleave, so indexes wait until no later row can hold a lower
 * one, and are then walked in order. Pure; memory is bounded by the rows that overlap, not by the
 * submission's length.
 */
import { MISSING_RANGES_MAX } from './bounds.ts';
import { visitStoredItems } from './item-indexes.ts';

/** Indexes from `first` up to, not with, `end`. */
export type MissingRange = { readonly first: number; readonly end: number };

export type SubmissionFold = {
  /** All below is settled: stored, or in `missing`. */
  nextIndex: number;
  readonly missing: MissingRange[];
  /**
   * Indexes stored twice. Claims make that impossible: it is counted so that a breach would show.
   */
  repeated: number;
  /** Indexes of rows read that are not settled yet. */
  pending: number[];
  /** Pending indexes from which on it pays to settle. */
  settleAt: number;
};

export type FoldedSubmission = {
  /** The lowest index that is not stored. */
  readonly nextItemIndex: number;
  readonly missing: readonly MissingRange[];
  readonly repeated: number;
};

const PENDING_STEP = 65_536;

export function startFold(): SubmissionFold {
  return { nextIndex: 0, missing: [], repeated: 0, pending: [], settleAt: PENDING_STEP };
}

/** Rows come in ascending order of firstIndex. */
export function foldRow(
  fold: SubmissionFold,
  row: { readonly firstIndex: number; readonly items: Uint8Array },
): void {
  if (fold.pending.length >= fold.settleAt) {
    settleBelow(fold, row.firstIndex);
    fold.settleAt = 2 * fold.pending.length + PENDING_STEP;
  }
  visitStoredItems(row.items, (index) => {
    fold.pending.push(index);
  });
}

/** True when later rows can change nothing in the answer: more ranges than are told are missing. */
export function foldIsFull(fold: SubmissionFold): boolean {
  return fold.missing.length >= MISSING_RANGES_MAX;
}

export function finishFold(fold: SubmissionFold): FoldedSubmission {
  settleBelow(fold, Number.POSITIVE_INFINITY);
  const { missing, repeated } = fold;
  return { nextItemIndex: missing[0]?.first ?? fold.nextIndex, missing, repeated };
}

/** Walks the pending indexes below the frontier: no row to come holds a lower one. */
function settleBelow(fold: SubmissionFold, frontier: number): void {
  const sorted = Float64Array.from(fold.pending).sort();
  let place = 0;
  for (; place < sorted.length; place++) {
    const index = sorted[place] ?? 0;
    if (index >= frontier) break;
    if (index < fold.nextIndex) {
      fold.repeated += 1;
      continue;
    }
    if (index > fold.nextIndex && fold.missing.length < MISSING_RANGES_MAX) {
      fold.missing.push({ first: fold.nextIndex, end: index });
    }
    fold.nextIndex = index + 1;
  }
  fold.pending = Array.from(sorted.subarray(place));
}
