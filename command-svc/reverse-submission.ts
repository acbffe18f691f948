/**
 * ReverseSubmission: every accepted item of a closed submission is undone by an item of another
 * one, in the same order and under the same rules as any upload's: claims, lanes, back-pressure,
 * results. It goes page by page, so memory does not grow with the submission. Whatever ends the
 * call, its deadline too, what was stored stays stored, and the same request goes on behind it.
 */
import { realmOf, type Caller } from '#platform/caller.ts';
import type { CallContext } from '#platform/call-context.ts';
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { pausePoint } from '#platform/pause-points.ts';
import type {
  ReverseSubmissionRequest,
  ReverseSubmissionResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { wellFormed } from './bulk-items.ts';
import { openCallEnd, type CallEnd } from './call-end.ts';
import { executedItems, type ExecutedItem } from './executed-items.ts';
import { checkSubmissionId, textRule } from './field-rules.ts';
import { wholeSubmission } from './item-numbering.ts';
import { openReversal, type OpenReversal, type ReversalRequest } from './open-reversal.ts';
import { openUpload, type ToItem } from './opened-upload.ts';
import { REASON_CHARACTERS_MAX } from './request-rules.ts';
import { bulkReceipt, newStreamCounts } from './stream-receipt.ts';
import { readSummary } from './submission-summary.ts';
import { beginUpload, type IntakeContext } from './take-stream.ts';

export async function reverseSubmission(
  context: IntakeContext,
  request: ReverseSubmissionRequest,
  call: CallContext,
): Promise<ReverseSubmissionResponse> {
  const wanted = reversalRequest(request, call.caller);
  const { stopping } = context;
  const { retryAfterMs } = context.submissions;
  const end = openCallEnd(call, { stopping, retryAfterMs });
  let leave: (() => void) | undefined;
  try {
    end.throwIfEnded();
    leave = beginUpload(context);
    const reversal = await openReversal(context, wanted);
    const store = reversal.closed ? answerStored : storeReversals;
    return { receipt: await store(context, wanted, reversal, end, call) };
  } finally {
    leave?.();
    end.detach();
  }
}

/** Throws INVALID_ARGUMENT. */
function reversalRequest(request: ReverseSubmissionRequest, caller: Caller): ReversalRequest {
  const { submissionId, reversedSubmissionId, reason } = request;
  const found: FieldViolation[] = [...checkSubmissionId(submissionId)];
  const add = (field: string, description: string | undefined): void => {
    if (description !== undefined) found.push({ field, description });
  };
  const isItself = submissionId === reversedSubmissionId;
  const other = isItself ? 'must be another submission than submission_id' : undefined;
  add('reversed_submission_id', checkSubmissionId(reversedSubmissionId)[0]?.description ?? other);
  add('reason', textRule(reason, 1, REASON_CHARACTERS_MAX));
  if (found.length > 0) throw invalidArgument(found);
  const tenant = realmOf(caller);
  return { tenant, submissionId, reverses: reversedSubmissionId, reason, caller };
}

/** Each way answers the receipt of this call. */
type Store = (
  context: IntakeContext,
  request: ReversalRequest,
  reversal: OpenReversal,
  end: CallEnd,
  call: CallContext,
) => Promise<BulkReceipt>;

const answerStored: Store = async (context, request, { items }) => {
  const summary = await readSummary(context, request);
  return bulkReceipt(request.submissionId, { ...newStreamCounts(), duplicate: items }, summary);
};

const storeReversals: Store = async (context, request, { items }, end, call) => {
  const { tenant, submissionId, reverses, reason } = request;
  const { nextItemIndex } = await readSummary(context, request);
  const first = Number(nextItemIndex); // all below it is stored
  const numbering = wholeSubmission(submissionId, items);
  const plan = { ...numbering.plan, firstIndex: first, reverses };
  const { traceparent, caller } = call;
  const origin = { traceparent, caller, results: undefined };
  const reversing = { ...numbering, plan };
  const opened = await openUpload(context, end, reversing, origin, reversalOf(reason));
  try {
    let next = first;
    for await (const page of executedItems(
      context,
      { tenant, submissionId: reverses },
      first,
      end,
    )) {
      const counted = context.itemQuota?.wait(caller, page.length, () => end.throwIfEnded());
      if (counted !== undefined) await end.orEnd(counted.catch(end.end));
      end.throwIfEnded();
      await opened.take(page, next);
      next += page.length;
      end.throwIfEnded();
      const pause = pausePoint('reversal.after-page');
      if (pause !== undefined) await pause;
    }
    const receipt = await opened.finish();
    const received = receipt.received + nextItemIndex;
    return { ...receipt, received, duplicate: receipt.duplicate + nextItemIndex };
  } finally {
    await opened.leave();
  }
};

function reversalOf(reason: string): ToItem<ExecutedItem> {
  return (context, { accountId, version: reversedVersion, event }, index) => {
    const operationId = undefined;
    const content = { accountId, operationId, reversedVersion, event, reason };
    const command = { type: 'ReverseEvent', ...content } as const;
    const partition = partitionOfAccount(accountId, context.partitionCount);
    return wellFormed(context, command, partition, index, { accountId, operationId: '' });
  };
}
