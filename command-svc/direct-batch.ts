/**
 * SubmitBatch: mixed commands as a submission of its own, closed with them; idempotent as a whole
 * by its submission_id and item by item. PER_ITEM: each command is stored or refused for itself, by
 * the way of every upload; a batch that broke off goes on when it is sent again. ATOMIC: all or
 * nothing (atomic-batch.ts).
 */
import type { CallContext } from '#platform/call-context.ts';
import { EntriesUnavailableError } from '#platform/expiring-entries.ts';
import { invalidArgument } from '#platform/grpc-errors.ts';
import { BatchMode, type SubmitBatchResponse } from '#proto/bank/v1/bulk_service.ts';
import { storeAtomic } from './atomic-batch.ts';
import type { IntakeContext } from './take-stream.ts';
import { leaseExpired } from './bulk-mode-requests.ts';
import { decodeDirectBatch, type RawMessage } from './bulk-messages.ts';
import { openCallEnd } from './call-end.ts';
import { collectResults } from './collected-results.ts';
import { checkSize, type StoreBatch } from './direct-batch-rules.ts';
import { wholeSubmission } from './item-numbering.ts';
import { openUpload } from './opened-upload.ts';
import { operationItem } from './operation-items.ts';

export async function submitBatch(
  context: IntakeContext,
  raw: RawMessage,
  call: CallContext,
): Promise<SubmitBatchResponse> {
  const request = decodeDirectBatch(raw);
  const store = storeOf(request.mode);
  await checkLease(context, request.bulkModeLeaseId);
  const { stopping } = context;
  const { retryAfterMs } = context.submissions;
  const end = openCallEnd(call, { stopping, retryAfterMs });
  try {
    return await store(context, request, end, call);
  } finally {
    end.detach();
  }
}

function storeOf(mode: BatchMode): StoreBatch {
  if (mode === BatchMode.BATCH_MODE_ATOMIC) return storeAtomic;
  if (mode === BatchMode.BATCH_MODE_PER_ITEM) return storePerItem;
  const description = 'must be BATCH_MODE_ATOMIC or BATCH_MODE_PER_ITEM';
  throw invalidArgument([{ field: 'mode', description }]);
}

/** The lease makes the batch fast, not right: when Redis cannot tell, the batch goes on. */
async function checkLease(context: IntakeContext, leaseId: string): Promise<void> {
  if (leaseId === '') return;
  const holds = await context.bulkMode.holdsLease(leaseId).catch((error: unknown) => {
    if (!(error instanceof EntriesUnavailableError)) throw error;
    context.log.debug('A lease could not be looked up; its batch goes on.', { err: error });
    return true;
  });
  if (!holds) throw leaseExpired(leaseId);
}

const storePerItem: StoreBatch = async (context, request, end, { traceparent }) => {
  const { submissionId, operations } = request;
  const numbering = wholeSubmission(submissionId, operations.length);
  const results = collectResults();
  const origin = { traceparent, results };
  end.throwIfEnded();
  const opened = await openUpload(context, end, numbering, origin, operationItem);
  try {
    await opened.take(operations, 0);
    const receipt = await opened.finish();
    checkSize(submissionId, operations.length, receipt.submission?.totalItems);
    return { results: await results.all(context, { tenant: NO_TENANT, submissionId }), receipt };
  } finally {
    await opened.leave();
  }
};

/** There is no authentication yet. */
const NO_TENANT = '';
