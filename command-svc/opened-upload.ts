/**
 * An upload from its claim to its receipt, whichever call carries it: a stream of one kind of
 * items, of mixed ones, or a direct batch. Opening takes over whoever had its indexes; whatever
 * ends it, what was stored stays stored and countable, and its claim is deleted after its last item
 * in flight.
 */
import { realmOf, type Caller } from '#platform/caller.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import type { BatchItem } from './batch-item.ts';
import type { Batcher } from './batcher.ts';
import type { ItemContext } from './bulk-items.ts';
import {
  claimOf,
  onStraggler,
  placeAtOnce,
  placeItem,
  settleUpload,
  type BulkUpload,
  type UploadEnd,
} from './bulk-upload.ts';
import { checkClosedTotals } from './close-differences.ts';
import type { ResultSink } from './item-results.ts';
import { statedEnd, type ItemNumbering } from './item-numbering.ts';
import { isReversal, reversalItem } from './reversal-targets.ts';
import { createFlight } from './stream-flight.ts';
import { bulkReceipt } from './stream-receipt.ts';
import { endClaim, openClaim } from './submission-claims.ts';
import { closeSubmission, homePartition } from './submission-close.ts';
import { readSummary } from './submission-summary.ts';
import type { SubmissionContext } from './submission-transactions.ts';

export type UploadContext = SubmissionContext & { readonly batcher: Batcher };

/** How an item of the call's kind becomes one of a batch. */
export type ToItem<Item> = (context: ItemContext, item: Item, itemIndex: number) => BatchItem;

/** What takes items in: an upload, or a trial that stores nothing (trial-upload.ts). */
export type OpenedUpload<Item> = {
  /**
   * Finds each item its place; waits for room and for what is stored already. `first`: the index of
   * the first of all; `from` and `until`: which of them, after those before.
   */
  take(items: readonly Item[], first: number, from?: number, until?: number): Promise<void>;
  /** The caller has sent all: waits until it is stored, closes the submission, tells. */
  finish(): Promise<BulkReceipt>;
  /** The end, whatever came before: nothing is in flight after it, and no claim is held. */
  leave(): Promise<void>;
};

export type UploadOrigin = {
  readonly traceparent: string | undefined;
  readonly caller: Caller;
  /** What became of each item goes here too, where the caller wants it. */
  readonly results: ResultSink | undefined;
  readonly isDirect?: boolean;
};

export async function openBulkUpload(
  context: UploadContext,
  end: UploadEnd,
  numbering: ItemNumbering,
  { traceparent, caller, results, isDirect = false }: UploadOrigin,
): Promise<{ upload: BulkUpload; itemContext: ItemContext }> {
  const { submissionId, firstIndex, endIndex, reverses } = numbering.plan;
  const submission = { tenant: realmOf(caller), submissionId };
  const { throwIfEnded } = end;
  const opening = { caller, reverses, throwIfEnded };
  const standing = await openClaim(context, submission, firstIndex, endIndex, opening);
  const flight = createFlight(
    (error) => end.end(error),
    () => onStraggler(upload),
    results,
  );
  const upload: BulkUpload = {
    context,
    stream: end,
    flight,
    submission,
    standing,
    results,
    window: undefined,
    takeover: undefined,
  };
  const itemContext: ItemContext = {
    partitionCount: context.partitionCount,
    homePartition: homePartition(submission, context.partitionCount),
    origin: {
      kind: 'submission',
      traceparent,
      caller,
      settle: flight.settle,
      claim: claimOf(upload),
      isDirect,
    },
  };
  return { upload, itemContext };
}

export async function openUpload<Item>(
  context: UploadContext,
  end: UploadEnd,
  numbering: ItemNumbering,
  origin: UploadOrigin,
  toItem: ToItem<Item>,
): Promise<OpenedUpload<Item>> {
  const { upload, itemContext } = await openBulkUpload(context, end, numbering, origin);
  return {
    async take(items, first, from = 0, until = items.length) {
      let index = first + from;
      for (const raw of items.slice(from, until)) {
        const made = toItem(itemContext, raw, index);
        const item = isReversal(made) ? await targeted(upload, made) : made;
        if (!placeAtOnce(upload, item, index)) await placeItem(upload, item);
        index += 1;
      }
    },
    async finish() {
      await settleUpload(upload);
      return finishUpload(upload, numbering, origin);
    },
    leave: () => leaveUpload(upload),
  };
}

function targeted(upload: BulkUpload, item: BatchItem): Promise<BatchItem> {
  const { context, flight } = upload;
  return reversalItem(context, item, [], () => flight.landed());
}

/**
 * All items are stored: closes the submission unless the caller leaves it open, and tells what
 * there is.
 */
export async function finishUpload(
  { context, submission, flight, standing }: BulkUpload,
  numbering: ItemNumbering,
  { traceparent, caller }: Pick<UploadOrigin, 'traceparent' | 'caller'>,
): Promise<BulkReceipt> {
  const { leaveOpen, controlTotals, reverses } = numbering.plan;
  if (standing.kind === 'closed') await checkClosedTotals(context, submission, controlTotals);
  else if (!leaveOpen) {
    const endItemIndex = statedEnd(numbering);
    const closing = { ...submission, endItemIndex, controlTotals, traceparent, caller, reverses };
    await closeSubmission(context, closing);
  }
  const summary = await readSummary(context, submission);
  return bulkReceipt(submission.submissionId, flight.counts, summary);
}

/** `end`: how its claim is given back. */
export async function leaveUpload(
  upload: BulkUpload,
  end: typeof endClaim = endClaim,
): Promise<void> {
  await upload.flight.landed();
  await upload.takeover;
  if (upload.standing.kind === 'open') await end(upload.context, upload.standing.claim);
}
