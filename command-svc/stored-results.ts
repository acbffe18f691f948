/**
 * What became of items that are sent again: their results are rebuilt from what is stored, a
 * bounded number at a time.
 */
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import { READ_ITEMS_MAX, READ_SPAN_MAX } from './bounds.ts';
import { visitStoredItems } from './item-indexes.ts';
import { readItemResults, type PlacedItem } from './item-results.ts';
import { readStoredWindow } from './sql/read-stored-window.ts';
import type { SubmissionKey } from './submission-claims.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** The results of stored items, as duplicates. Every index must be stored. */
export async function* readDuplicates(
  context: SubmissionContext,
  submission: SubmissionKey,
  indexes: readonly number[],
): AsyncGenerator<ItemResult[]> {
  for (const wanted of readings(indexes.toSorted((a, b) => a - b))) {
    const items = await readPlaces(context, submission, wanted);
    const results = await readItemResults(context, submission, items);
    yield results.map((result) => ({ ...result, duplicate: true }));
  }
}

function readings(ascending: readonly number[]): number[][] {
  const all: number[][] = [];
  let current: number[] = [];
  for (const index of ascending) {
    const first = current[0] ?? index;
    if (current.length === READ_ITEMS_MAX || index - first >= READ_SPAN_MAX) {
      all.push(current);
      current = [];
    }
    current.push(index);
  }
  if (current.length > 0) all.push(current);
  return all;
}

async function readPlaces(
  context: SubmissionContext,
  submission: SubmissionKey,
  wanted: readonly number[],
): Promise<PlacedItem[]> {
  const asked = new Set(wanted);
  const first = wanted[0] ?? 0;
  const end = (wanted.at(-1) ?? 0) + 1;
  const rows = await readFromEventStore(context, (pool) =>
    readStoredWindow(pool, submission, first, end),
  );
  const places: PlacedItem[] = [];
  for (const { partition, seq, items } of rows) {
    visitStoredItems(items, (index, outcome) => {
      if (asked.has(index)) places.push({ index, outcome, partition, seq });
    });
  }
  return places.sort((a, b) => a.index - b.index);
}
