/**
 * The accepted items of a closed submission, ascending by index, a page at a time: which account
 * and version each has, and what happened there. Where they are stands in the submission's rows,
 * what they did in the log's. Rows of the log are read one at a time, each within the budget for
 * what is decoded, so memory is bounded by a page and a row.
 */
import type { AccountEvent } from '#domain/events.ts';
import type { ByteBudget } from '#platform/byte-budget.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { LOG_ROW_BYTES_MAX, PLACES_WINDOW_ITEMS } from './bounds.ts';
import type { UploadEnd } from './bulk-upload.ts';
import { eventOf } from './event-body-decoder.ts';
import { ACCEPTED } from './item-indexes.ts';
import { readPlacedItems } from './item-places.ts';
import type { PlacedItem } from './item-results.ts';
import { readOutboxPayload } from './sql/read-outbox-payload.ts';
import type { SubmissionKey } from './submission-claims.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** What an accepted item has done: the last event of its account that is its own. */
export type ExecutedItem = {
  readonly accountId: string;
  readonly version: bigint;
  readonly event: AccountEvent;
};

export type ExecutedContext = SubmissionContext & { readonly messages: ByteBudget };

/** All but the first `skip` of them. */
export async function* executedItems(
  context: ExecutedContext,
  submission: SubmissionKey,
  skip: number,
  end: UploadEnd,
): AsyncGenerator<ExecutedItem[], void, void> {
  let toSkip = skip;
  let after = -1;
  for (;;) {
    const page = await readPlacedItems(context, submission, after, PLACES_WINDOW_ITEMS);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.index;
    const accepted = page.filter(({ outcome }) => outcome === ACCEPTED);
    const wanted = accepted.slice(toSkip);
    toSkip -= accepted.length - wanted.length;
    if (wanted.length > 0) yield await readExecuted(context, submission, wanted, end);
  }
}

async function readExecuted(
  context: ExecutedContext,
  submission: SubmissionKey,
  items: readonly PlacedItem[],
  end: UploadEnd,
): Promise<ExecutedItem[]> {
  const executed = new Map<number, ExecutedItem>();
  const rows = Map.groupBy(items, ({ partition, seq }) => `${partition}:${seq}`);
  for (const [row, ...more] of rows.values()) {
    if (row === undefined) continue;
    end.throwIfEnded();
    const share = context.messages.take(LOG_ROW_BYTES_MAX);
    try {
      await end.orEnd(share.granted);
      end.throwIfEnded();
      const payload = await readFromEventStore(context, (pool) =>
        readOutboxPayload(pool, row.partition, row.seq),
      );
      const wanted = new Set([row, ...more].map((item) => item.index));
      addExecuted(EventBatch.decode(payload), submission, wanted, executed);
    } finally {
      share.giveBack();
    }
  }
  return items.map(({ index }) => {
    const item = executed.get(index);
    if (item !== undefined) return item;
    throw new Error(`item ${index} of submission ${submission.submissionId} has no event`);
  });
}

function addExecuted(
  batch: EventBatch,
  { tenant, submissionId }: SubmissionKey,
  wanted: ReadonlySet<number>,
  executed: Map<number, ExecutedItem>,
): void {
  const part = batch.submissions.findIndex(
    (one) => one.tenant === tenant && one.submissionId === submissionId,
  );
  for (const record of batch.events) {
    const index = Number(record.itemIndex);
    if (record.submissionNumber !== part + 1 || !wanted.has(index)) continue;
    // Those of one account come in the order of their versions: the last one stands for the item.
    const { version } = record;
    const event = eventOf(record.event?.body);
    executed.set(index, { accountId: uuidFromBytes(record.accountId), version, event });
  }
}
