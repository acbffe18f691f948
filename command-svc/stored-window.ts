/**
 * Which items of a stream are sent again. Looks into what is stored, one window of indexes at a
 * time as the stream advances, so that memory is the same for a stream of any length. Correct
 * because the stream's claim keeps everyone else from storing in its range: no row appears behind a
 * window that was read.
 */
import { STORED_WINDOW_ITEMS } from './bounds.ts';
import { CONTENT_HASH_BYTES, sameContentHash } from './content-hash.ts';
import { visitStoredItems } from './item-indexes.ts';
import { readStoredWindow } from './sql/read-stored-window.ts';
import type { SubmissionKey } from './submission-claims.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

export type StoredWindow = {
  readonly context: SubmissionContext;
  readonly submission: SubmissionKey;
  /** Undefined: nothing read yet. */
  firstIndex: number | undefined;
  /** By place in the window: 1 where an index is stored. */
  readonly present: Uint8Array;
  /** By place in the window. */
  readonly hashes: Uint8Array;
};

export type ResendFinding = 'new' | 'same' | 'other';

export function createStoredWindow(
  context: SubmissionContext,
  submission: SubmissionKey,
): StoredWindow {
  const present = new Uint8Array(STORED_WINDOW_ITEMS);
  const hashes = new Uint8Array(STORED_WINDOW_ITEMS * CONTENT_HASH_BYTES);
  return { context, submission, firstIndex: undefined, present, hashes };
}

/** True when the window at hand answers for the index. */
export function windowHolds(window: StoredWindow, index: number): boolean {
  const { firstIndex } = window;
  return (
    firstIndex !== undefined && index >= firstIndex && index < firstIndex + STORED_WINDOW_ITEMS
  );
}

/** Reads the window that holds the index. */
export async function moveWindow(window: StoredWindow, index: number): Promise<void> {
  const firstIndex = index - (index % STORED_WINDOW_ITEMS);
  window.firstIndex = undefined;
  const rows = await readFromEventStore(window.context, (pool) =>
    readStoredWindow(pool, window.submission, firstIndex, firstIndex + STORED_WINDOW_ITEMS),
  );
  window.present.fill(0);
  for (const row of rows) {
    visitStoredItems(row.items, (stored, _outcome, place) => {
      const at = stored - firstIndex;
      if (at < 0 || at >= STORED_WINDOW_ITEMS) return;
      const from = place * CONTENT_HASH_BYTES;
      window.present[at] = 1;
      window.hashes.set(
        row.hashes.subarray(from, from + CONTENT_HASH_BYTES),
        at * CONTENT_HASH_BYTES,
      );
    });
  }
  window.firstIndex = firstIndex;
}

/** What is stored at the index, compared with an item's content. The window must hold the index. */
export function findResent(
  window: StoredWindow,
  index: number,
  contentHash: string,
): ResendFinding {
  const at = index - (window.firstIndex ?? Number.NaN);
  if (window.present[at] !== 1) return 'new';
  return sameContentHash(contentHash, window.hashes, at * CONTENT_HASH_BYTES) ? 'same' : 'other';
}
