/**
 * An append without an answer was committed after all: its items are answered from what its rows
 * hold, never from the decision in memory. An item that the row does not account for (a
 * refusal or replay that was not stored, or an item whose claim was gone) is processed again, as a
 * batch of its own.
 */
import type { PoolClient } from 'pg';
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch, type ReplayedItem } from '#proto/bank/event/v1/event_batch.ts';
import type { Batch, BatchResult } from './batch.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';
import { eventOf } from './event-body-decoder.ts';
import { existingAccount } from './event-codec.ts';
import { replayedFrom } from './replayed.ts';
import { isRejectionReason } from '#domain/rejection.ts';
import type { BatchRow } from './sql/find-batch-row.ts';
import { readAccountEvents, type AccountEventRow } from './sql/read-account-events.ts';
import { readOutboxPayload } from './sql/read-outbox-payload.ts';
import {
  readBatchRejections,
  type BatchRejectionRow,
  type ItemRange,
} from './sql/read-batch-rejections.ts';

export async function answerFromRow(
  client: PoolClient,
  batch: Batch,
  row: BatchRow,
): Promise<BatchResult> {
  const decisions = new Map<BatchItem, ItemDecision>();
  for (const stored of await rowsOfBatch(client, row)) {
    acceptedItems(batch, stored, decisions);
    await replayedItems(client, batch, stored, decisions);
  }
  const rejections = await readBatchRejections(client, rangesOf(batch), batch.batchId);
  rejectedItems(batch, rejections, decisions);
  const items = batch.items.filter((item) => decisions.has(item));
  return {
    items,
    decisions: [...decisionsOf(items, decisions)],
    position: row.seq,
    takenOver: [],
    expired: [],
    again: batch.items.filter((item) => !decisions.has(item)),
  };
}

/** The row, and those of the same append in other partitions: where one is, all are. */
async function rowsOfBatch(client: PoolClient, row: BatchRow): Promise<EventBatch[]> {
  const stored = EventBatch.decode(row.payload);
  const rows = [stored];
  for (const { partition, seq } of stored.others) {
    rows.push(EventBatch.decode(await readOutboxPayload(client, partition, seq)));
  }
  return rows;
}

function* decisionsOf(
  items: readonly BatchItem[],
  decisions: ReadonlyMap<BatchItem, ItemDecision>,
): Generator<ItemDecision> {
  for (const item of items) {
    const decision = decisions.get(item);
    if (decision !== undefined) yield decision;
  }
}

function acceptedItems(
  batch: Batch,
  stored: EventBatch,
  decisions: Map<BatchItem, ItemDecision>,
): void {
  for (const record of stored.events) {
    const item = batch.items[record.commandNumber];
    if (item === undefined || record.event?.after === undefined) {
      throw new Error(`the row of batch ${batch.batchId} does not fit its items`);
    }
    // The last event of its own account stands for an item: they come in the order of versions.
    if (uuidFromBytes(record.accountId) !== item.command?.accountId) continue;
    const after = existingAccount(record.event.after, record.version);
    const event = eventOf(record.event.body);
    const { recordedAtMicros: storedAtMicros } = record;
    const counterpart = undefined;
    decisions.set(item, { kind: 'accepted', after, event, counterpart, storedAtMicros });
  }
}

function rangesOf(batch: Batch): ItemRange[] {
  const ranges = new Map<string, ItemRange>();
  for (const { origin, itemIndex } of batch.items) {
    if (origin.kind !== 'submission') continue;
    const { tenant, submissionId } = origin.claim;
    const key = itemKey(tenant, submissionId, '');
    const { firstIndex, lastIndex } = ranges.get(key) ?? {
      firstIndex: itemIndex,
      lastIndex: itemIndex,
    };
    ranges.set(key, {
      tenant,
      submissionId,
      firstIndex: Math.min(firstIndex, itemIndex),
      lastIndex: Math.max(lastIndex, itemIndex),
    });
  }
  return [...ranges.values()];
}

type ItemKey = (tenant: string, submissionId: string, itemIndex: bigint | number | '') => string;

const itemKey: ItemKey = (tenant, submissionId, itemIndex) =>
  `${tenant}\0${submissionId}\0${itemIndex}`;

function itemsByKey(batch: Batch): Map<string, BatchItem> {
  const items = new Map<string, BatchItem>();
  for (const item of batch.items) {
    if (item.origin.kind !== 'submission') continue;
    const { tenant, submissionId } = item.origin.claim;
    items.set(itemKey(tenant, submissionId, item.itemIndex), item);
  }
  return items;
}

async function replayedItems(
  client: PoolClient,
  batch: Batch,
  stored: EventBatch,
  decisions: Map<BatchItem, ItemDecision>,
): Promise<void> {
  if (stored.replayed.length === 0) return;
  const keyOf = ({ accountId, version }: ReplayedItem): { accountId: string; version: bigint } => {
    return { accountId: uuidFromBytes(accountId), version };
  };
  const events = new Map<string, AccountEventRow>();
  for (const event of await readAccountEvents(client, stored.replayed.map(keyOf))) {
    events.set(`${event.account_id}${event.version}`, event);
  }
  const items = itemsByKey(batch);
  for (const replay of stored.replayed) {
    const part = stored.submissions[replay.submissionNumber - 1];
    const { accountId, version } = keyOf(replay);
    const event = events.get(`${accountId}${version}`);
    const item = part && items.get(itemKey(part.tenant, part.submissionId, replay.itemIndex));
    if (item === undefined || event === undefined) continue;
    decisions.set(item, replayedFrom(event.payload, version, event.recorded_at));
  }
}

function rejectedItems(
  batch: Batch,
  rows: readonly BatchRejectionRow[],
  decisions: Map<BatchItem, ItemDecision>,
): void {
  const items = itemsByKey(batch);
  for (const row of rows) {
    const item = items.get(itemKey(row.tenant, row.submission_id, row.item_index));
    if (item === undefined) continue;
    const { reason, message, field } = row;
    if (!isRejectionReason(reason))
      throw new Error(`a stored rejection of unknown reason ${reason}`);
    decisions.set(item, { kind: 'rejected', rejection: { reason, message, field } });
  }
}
