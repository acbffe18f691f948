/**
 * SubmitBatch: mixed commands as a submission of its own, closed with them; idempotent as a whole
 * by its submission_id and item by item. PER_ITEM: each command is stored or refused for itself, by
 * the way of every upload; a batch that broke off goes on when it is sent again. ATOMIC: all or
 * nothing (atomic-batch.ts).
 */
import { status } from '@grpc/grpc-js';
import { realmOf, type Caller } from '#platform/caller.ts';
import type { CallContext } from '#platform/call-context.ts';
import { EntriesUnavailableError } from '#platform/expiring-entries.ts';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import type { SubmitBatchRequest, SubmitBatchResponse } from '#proto/bank/v1/bulk_service.ts';
import { storeAtomic } from './atomic-batch.ts';
import type { IntakeContext } from './take-stream.ts';
import { leaseExpired } from './bulk-mode-requests.ts';
import { decodeDirectBatch, type RawMessage } from './bulk-messages.ts';
import { openCallEnd } from './call-end.ts';
import { collectResults } from './collected-results.ts';
import { checkSize, type StoreBatch } from './direct-batch-rules.ts';
import { wholeSubmission } from './item-numbering.ts';
import { openUpload } from './opened-upload.ts';
import { leaseKey } from './lease-keys.ts';
import { operationItem } from './operation-items.ts';

export async function submitBatch(
  context: IntakeContext,
  raw: RawMessage,
  call: CallContext,
): Promise<SubmitBatchResponse> {
  const share = context.messages.tryTake(raw.bytes?.length ?? 0);
  if (share === undefined) throw tooManyBatches(context.submissions.retryAfterMs);
  try {
    return await storeBatch(context, decodeDirectBatch(raw), call);
  } finally {
    share.giveBack();
  }
}

async function storeBatch(
  context: IntakeContext,
  request: SubmitBatchRequest,
  call: CallContext,
): Promise<SubmitBatchResponse> {
  const isAtomic = request.mode === BatchMode.BATCH_MODE_ATOMIC; // decoding knows the other
  const store = isAtomic ? storeAtomic : storePerItem;
  await checkLease(context, request.bulkModeLeaseId, call.caller);
  await context.itemQuota?.take(call.caller, request.operations.length);
  const { stopping } = context;
  const { retryAfterMs } = context.submissions;
  const end = openCallEnd(call, { stopping, retryAfterMs });
  try {
    return await store(context, request, end, call);
  } finally {
    end.detach();
  }
}

/** Nothing was decoded yet: a caller that tries again later costs nothing meanwhile. */
function tooManyBatches(retryAfterMs: number): RpcError {
  const message = 'too many batches are being stored: nothing was done';
  return refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, { retryAfterMs });
}

/** The lease makes the batch fast, not right: when Redis cannot tell, the batch goes on. */
async function checkLease(context: IntakeContext, leaseId: string, caller: Caller): Promise<void> {
  if (leaseId === '') return;
  const holds = await context.bulkMode
    .holdsLease(leaseKey(leaseId, caller))
    .catch((error: unknown) => {
      if (!(error instanceof EntriesUnavailableError)) throw error;
      context.log.debug('A lease could not be looked up; its batch goes on.', { err: error });
      return true;
    });
  if (!holds) throw leaseExpired(leaseId);
}

const storePerItem: StoreBatch = async (context, request, end, { traceparent, caller }) => {
  const { submissionId, operations } = request;
  const numbering = wholeSubmission(submissionId, operations.length);
  const results = collectResults();
  const key = { tenant: realmOf(caller), submissionId };
  const origin = { traceparent, caller, results, isDirect: true };
  end.throwIfEnded();
  const opened = await openUpload(context, end, numbering, origin, operationItem);
  try {
    await opened.take(operations, 0);
    const receipt = await opened.finish();
    checkSize(submissionId, operations.length, receipt.submission?.totalItems);
    return { results: await results.all(context, key), receipt };
  } finally {
    await opened.leave();
  }
};
