/**
 * What became of each stored item of a submission, by index. Which items there are stands in the
 * submission's rows; what an accepted one did, in the log's row of its batch; why another was
 * refused, in its rejection. The log's rows are read one at a time, so memory is bounded by the
 * page and one row.
 */
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch, type EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import type { Rejection as Refusal } from '#domain/rejection.ts';
import { receiptOf, type BatchItem, type Executed, type Receipt } from './batch-item.ts';
import { commandReceipt } from './command-answers.ts';
import { existingAccount, receiptState } from './event-codec.ts';
import { REJECTED, type StoredOutcome } from './item-indexes.ts';
import type { StoredRejection } from './sql/list-rejections.ts';
import { readAccountEvents } from './sql/read-account-events.ts';
import { readOutboxPayload } from './sql/read-outbox-payload.ts';
import { readRejectionsAt } from './sql/read-rejections-at.ts';
import type { SubmissionKey } from './submission-claims.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** An item that is stored, and where in the log. */
export type PlacedItem = {
  readonly index: number;
  readonly outcome: StoredOutcome;
  readonly partition: number;
  readonly seq: bigint;
};

/** Where what becomes of an upload's items goes, one by one in the order of storing. */
export type ResultSink = {
  accepted(item: BatchItem, executed: Executed): void;
  refused(item: BatchItem, rejection: Refusal): void;
  /** Its result is what is stored. */
  duplicate(index: number): void;
};

/** One result an item, in the items' order. */
export async function readItemResults(
  context: SubmissionContext,
  submission: SubmissionKey,
  items: readonly PlacedItem[],
): Promise<ItemResult[]> {
  const refused = items.filter((item) => item.outcome === REJECTED).map((item) => item.index);
  const rejections = await readFromEventStore(context, (pool) =>
    readRejectionsAt(pool, submission, refused),
  );
  const results = new Map<number, ItemResult['outcome']>();
  for (const row of rejections) {
    results.set(Number(row.item_index), { $case: 'rejection', value: rejectionOf(row) });
  }
  for (const group of byRow(items.filter((item) => item.outcome !== REJECTED))) {
    for (const [index, receipt] of await readReceipts(context, submission, group)) {
      results.set(index, { $case: 'receipt', value: commandReceipt(receipt) });
    }
  }
  return items.map(({ index }) => {
    const outcome = results.get(index);
    if (outcome === undefined) {
      throw new Error(`item ${index} of submission ${submission.submissionId} has no outcome`);
    }
    return { itemIndex: BigInt(index), duplicate: false, outcome };
  });
}

export function rejectionOf(row: StoredRejection) {
  return {
    itemIndex: row.item_index,
    accountId: row.account_id,
    operationId: row.operation_id,
    reason: row.reason,
    message: row.message,
    field: row.field,
  };
}

function byRow(items: readonly PlacedItem[]): PlacedItem[][] {
  return [...Map.groupBy(items, ({ partition, seq }) => `${partition}:${seq}`).values()];
}

/** The receipts of items that one batch stored. */
async function readReceipts(
  context: SubmissionContext,
  submission: SubmissionKey,
  items: readonly PlacedItem[],
): Promise<Map<number, Receipt>> {
  const [row] = items;
  if (row === undefined) return new Map();
  const payload = await readFromEventStore(context, (pool) =>
    readOutboxPayload(pool, row.partition, row.seq),
  );
  const batch = EventBatch.decode(payload);
  const part = batch.submissions.findIndex(
    ({ tenant, submissionId }) =>
      tenant === submission.tenant && submissionId === submission.submissionId,
  );
  const wanted = new Set(items.map((item) => item.index));
  const isWanted = (record: { submissionNumber: number; itemIndex: bigint }): boolean =>
    record.submissionNumber === part + 1 && wanted.has(Number(record.itemIndex));

  const receipts = new Map<number, Receipt>();
  for (const record of batch.events.filter(isWanted)) {
    receipts.set(Number(record.itemIndex), receiptOfRecord(record));
  }
  const replayed = batch.replayed.filter(isWanted).map((record) => ({
    index: Number(record.itemIndex),
    accountId: uuidFromBytes(record.accountId),
    version: record.version,
  }));
  if (replayed.length > 0) await addReplayed(context, replayed, receipts);
  return receipts;
}

function receiptOfRecord(record: EventRecord): Receipt {
  const after = record.event?.after;
  if (after === undefined) throw new Error('an event carries no state after it');
  const { accountId, operationId, version, recordedAtMicros: storedAtMicros } = record;
  const command = {
    accountId: uuidFromBytes(accountId),
    operationId: operationId.length === 0 ? undefined : uuidFromBytes(operationId),
  };
  const state = existingAccount(after, version);
  return receiptOf(command, { kind: 'accepted', after: state, storedAtMicros });
}

async function addReplayed(
  context: SubmissionContext,
  replayed: readonly { index: number; accountId: string; version: bigint }[],
  receipts: Map<number, Receipt>,
): Promise<void> {
  const events = await readFromEventStore(context, (pool) => readAccountEvents(pool, replayed));
  const byKey = new Map(events.map((event) => [`${event.account_id}:${event.version}`, event]));
  for (const { index, accountId, version } of replayed) {
    const event = byKey.get(`${accountId}:${version}`);
    if (event === undefined) throw new Error(`account ${accountId} has no event ${version}`);
    const after = receiptState(event.payload, version);
    const executed = { kind: 'replayed', after, storedAtMicros: event.recorded_at } as const;
    const operationId = event.operation_id ?? undefined;
    receipts.set(index, receiptOf({ accountId, operationId }, executed));
  }
}
