/**
 * The next stored items of a submission after an index: reads the rows that overlap a window, and
 * moves the window over what holds nothing, so that a sparse submission costs as many reads as it
 * has items in the page.
 */
import { PLACES_WINDOW_ITEMS } from './bounds.ts';
import { visitStoredItems } from './item-indexes.ts';
import type { PlacedItem } from './item-results.ts';
import { readNextStoredIndex } from './sql/read-next-stored-index.ts';
import { readStoredWindow, type StoredRow } from './sql/read-stored-window.ts';
import type { SubmissionKey } from './submission-claims.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** Ascending by index; fewer than `limit` only when there are no more. */
export async function readPlacedItems(
  context: SubmissionContext,
  submission: SubmissionKey,
  after: number,
  limit: number,
): Promise<PlacedItem[]> {
  const found: PlacedItem[] = [];
  let first: number | undefined = after + 1;
  while (first !== undefined) {
    const end = Math.min(first + PLACES_WINDOW_ITEMS, Number.MAX_SAFE_INTEGER);
    const window = { first, end };
    const rows = await readFromEventStore(context, (pool) =>
      readStoredWindow(pool, submission, window.first, window.end),
    );
    const { inside, next } = itemsOf(rows, window);
    found.push(...inside);
    if (found.length >= limit) break;
    const nextRow = await readFromEventStore(context, (pool) =>
      readNextStoredIndex(pool, submission, window.end),
    );
    first = lower(next, nextRow);
  }
  return found.slice(0, limit);
}

type Window = { readonly first: number; readonly end: number };

/**
 * What the rows hold inside the window, ascending, and the lowest index that they hold beyond it.
 */
function itemsOf(
  rows: readonly StoredRow[],
  window: Window,
): { inside: PlacedItem[]; next: number | undefined } {
  const inside: PlacedItem[] = [];
  let next: number | undefined;
  for (const { partition, seq, items } of rows) {
    visitStoredItems(items, (index, outcome) => {
      if (index >= window.end) next = lower(next, index);
      else if (index >= window.first) inside.push({ index, outcome, partition, seq });
    });
  }
  inside.sort((a, b) => a.index - b.index);
  return { inside, next };
}

function lower(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}
