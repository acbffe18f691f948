/**
 * Reverses a submission, however long it takes: a call that broke, or whose deadline passed, is
 * sent again and goes on behind what is stored. Promises: the receipt of the last call with the
 * closed reversal, or an error after a bounded number of tries without progress.
 * SUBMISSION_TAKEN_OVER is never retried: another caller reverses the same.
 */
import type { BulkServiceClient } from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { STREAM_RETRY, type RetryLimits } from './client-defaults.ts';
import { pauseBeforeNextTry } from './next-try.ts';
import { findSubmission, storedMark } from './stored-progress.ts';
import { unaryCall } from './unary-call.ts';

export type ReversalRequest = {
  /** The new submission. */
  readonly submissionId: string;
  readonly reversedSubmissionId: string;
  readonly reason: string;
  /** Of one call. */
  readonly deadlineMs?: number;
  readonly retry?: RetryLimits;
  readonly signal?: AbortSignal;
};

export async function reverseSubmission(
  bulk: BulkServiceClient,
  request: ReversalRequest,
): Promise<BulkReceipt> {
  const { submissionId, reversedSubmissionId, reason, deadlineMs, signal } = request;
  const retry = request.retry ?? STREAM_RETRY;
  const wanted = { submissionId, reversedSubmissionId, reason };
  const options = {
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(signal === undefined ? {} : { signal }),
  };
  let stored = '';
  for (let attempts = 1, sinceProgress = 1; ; attempts++, sinceProgress++) {
    try {
      if (attempts > 1) {
        const mark = storedMark(await findSubmission(bulk, submissionId, signal));
        if (mark !== stored) sinceProgress = 1;
        stored = mark;
      }
      const { receipt } = await unaryCall(bulk.reverseSubmission.bind(bulk), wanted, options);
      if (receipt === undefined) throw new Error('an answer without a receipt');
      return receipt;
    } catch (error) {
      const tries = { what: `reversal ${submissionId}`, retry, attempts, sinceProgress };
      await pauseBeforeNextTry(error, tries, { signal });
    }
  }
}
