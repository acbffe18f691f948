/**
 * SubmitBatch, all or nothing: the commands go as one barrier, are decided and stored in one
 * transaction over all their partitions, or refused with the first refusal, which leaves the
 * submission_id free. Sent again it is answered from what is stored, which must be one append
 * without a refusal.
 */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { barrierOf } from './barrier.ts';
import type { BatchItem } from './batch-item.ts';
import { placeItem, settleUpload, type BulkUpload } from './bulk-upload.ts';
import { collectResults } from './collected-results.ts';
import { checkSize, type StoreBatch } from './direct-batch-rules.ts';
import { wholeSubmission } from './item-numbering.ts';
import { finishUpload, leaveUpload, openBulkUpload } from './opened-upload.ts';
import { operationItem } from './operation-items.ts';
import { refusalWithIndex } from './command-answers.ts';
import { isReversal, reversalItem } from './reversal-targets.ts';
import { readAppends } from './sql/read-appends.ts';
import { freeSubmission } from './submission-claims.ts';
import { readFromEventStore } from './submission-transactions.ts';

export const storeAtomic: StoreBatch = async (context, request, end, call) => {
  const { submissionId, operations } = request;
  const numbering = wholeSubmission(submissionId, operations.length);
  const results = collectResults();
  const { traceparent, caller } = call;
  end.throwIfEnded();
  const opened = await openBulkUpload(context, end, numbering, {
    traceparent,
    caller,
    results,
    isDirect: true,
  });
  const { upload, itemContext } = opened;
  let isStored = false;
  try {
    const items: BatchItem[] = [];
    for (const [index, operation] of operations.entries()) {
      const item = namedInRequest(operationItem(itemContext, operation, index), operation);
      items.push(isReversal(item) ? await reversalItem(context, item, items) : item);
    }
    const isNew = upload.standing.kind === 'open' && upload.standing.storedEnd === 0;
    if (isNew) storeTogether(upload, items, () => call.signal.aborted);
    else await answerStored(upload, items);
    await settleUpload(upload);
    // Closed meanwhile, by whoever took the claim over: then that is what is stored.
    if (isNew && upload.standing.kind === 'closed') await checkStoredTogether(upload, items.length);
    isStored = true;
    const first = results.firstRefused();
    if (first !== undefined) throw refusalWithIndex(first.rejection, first.index);
    const receipt = await finishUpload(upload, numbering, call);
    checkSize(submissionId, operations.length, receipt.submission?.totalItems);
    return { results: await results.all(context, upload.submission), receipt };
  } finally {
    await leaveUpload(upload, isStored ? undefined : freeSubmission);
  }
};

/** A malformed command's field by its path in the request: it refuses that, and is not stored. */
function namedInRequest(item: BatchItem, { command }: Operation): BatchItem {
  const { invalid, itemIndex } = item;
  if (invalid === undefined) return item;
  const kind = command?.$case.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const path = `operations[${itemIndex}].${kind === undefined ? '' : `${kind}.`}`;
  const { field, message } = invalid; // the message begins with the field
  return { ...item, invalid: { ...invalid, field: path + field, message: path + message } };
}

function storeTogether(
  upload: BulkUpload,
  items: readonly BatchItem[],
  isAbandoned: () => boolean,
): void {
  const { context, flight } = upload;
  for (const _ of items) flight.launch();
  const barrier = barrierOf(items, { kind: 'direct', allOrNone: true, isAbandoned });
  if (context.batcher.tryEnqueueBarrier(barrier)) return;
  for (const _ of items) flight.recall();
  const { retryAfterMs } = context.submissions;
  const message = "the queue of one of the batch's accounts is full: nothing was done";
  throw refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, { retryAfterMs });
}

/** Every item is stored: the rules of resend hold for each. */
async function answerStored(upload: BulkUpload, items: readonly BatchItem[]): Promise<void> {
  await checkStoredTogether(upload, items.length);
  for (const item of items) await placeItem(upload, item);
}

async function checkStoredTogether(upload: BulkUpload, count: number): Promise<void> {
  const { context, submission, standing } = upload;
  const stored = await readFromEventStore(context, (pool) => readAppends(pool, submission));
  if (stored.appends === 1 && stored.items === count && stored.rejected === 0) return;
  const { submissionId } = submission;
  if (standing.kind === 'closed') {
    checkSize(submissionId, count, BigInt(standing.totalItems));
    const message = `submission ${submissionId} is closed and was not stored as one atomic batch`;
    const metadata = { total_items: String(standing.totalItems) };
    throw refusal(status.FAILED_PRECONDITION, 'SUBMISSION_CLOSED', message, { metadata });
  }
  const message = `submission ${submissionId} holds items that were not stored as one atomic batch`;
  throw refusal(status.FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', message);
}
