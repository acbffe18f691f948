/**
 * Tells the watchers of submissions what a retry has applied, in its transaction, by rows with a
 * retry_no. Where an item counts that the projection has not reached yet there is nothing to do:
 * its row will tell it with the others.
 */
import type pg from 'pg';
import { acknowledgementRows, closedRows } from './acknowledgement-rows.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import { BATCH } from './config.ts';
import { readItemIndexes, writeItemIndexes } from './item-indexes.ts';
import { tellSubmissions } from './sql/project-records.ts';
import {
  acknowledgementsAt,
  addRow,
  numberRow,
  shortenRow,
  takeWaitingItems,
} from './sql/retried-items.ts';
import type { Place, ReleasedItem } from './sql/retried-items.ts';
import { lockedHead, nextRetryNo } from './sql/retried-heads.ts';
import type { RetriedHeads } from './sql/retried-heads.ts';

/** The events of these accounts at seq are applied: their items wait for them no more. */
export async function tellItems(
  client: pg.ClientBase,
  accountIds: readonly string[],
  seq: bigint,
  heads: RetriedHeads,
  nowMs: number,
): Promise<void> {
  const items = await takeWaitingItems(client, accountIds, seq);
  const byPlace = Map.groupBy(items, (item) =>
    [item.tenant, item.submissionId, item.partition, item.seq].join('\0'),
  );
  for (const together of byPlace.values()) await tellPlace(client, together, heads, nowMs);
}

/** One item may have waited with both of its accounts. */
async function tellPlace(
  client: pg.ClientBase,
  items: readonly ReleasedItem[],
  heads: RetriedHeads,
  nowMs: number,
): Promise<void> {
  const [place] = items;
  if (place === undefined || lockedHead(heads, place.partition).seq < place.seq) return;
  const released = new Set(items.map(({ itemIndex }) => itemIndex));
  let found = 0;
  for (const row of await acknowledgementsAt(client, place)) {
    const indexes = readItemIndexes(row.itemIndexes);
    const left = indexes.filter((index) => !released.has(index));
    if (left.length === indexes.length) continue;
    found += indexes.length - left.length;
    const { retryNo } = row;
    const told = { retryNo, count: left.length, indexes: writeItemIndexes(left) };
    await shortenRow(client, place, told);
  }
  if (found === 0) return; // its record is unread: the retry of its letter tells it
  const indexes = [...released].sort((a, b) => (a < b ? -1 : 1));
  const retryNo = nextRetryNo(heads, place.partition);
  const told = { retryNo, count: indexes.length, indexes: writeItemIndexes(indexes) };
  await addRow(client, place, told, new Date(nowMs));
}

/** All that a record says of submissions, which could not be read until now. */
export async function tellRecord(
  client: pg.ClientBase,
  one: OutlinedRecord,
  heads: RetriedHeads,
  nowMs: number,
): Promise<void> {
  const rows = {
    acknowledgements: acknowledgementRows([one], BigInt(nowMs) * 1000n),
    closedSubmissions: closedRows([one]),
  };
  await runPipeline(client, tellSubmissions([rows]), BATCH.answerMs);
  const { partition, seq } = one.record;
  for (const { accepted, tenant, submissionId } of one.outline.submissions) {
    if (accepted === 0) continue;
    const place: Place = { tenant, submissionId, partition, seq };
    await numberRow(client, place, nextRetryNo(heads, partition));
  }
}
