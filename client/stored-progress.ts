/** How far a submission has come: what a caller asks whose stream, or call, broke. */
import { status } from '@grpc/grpc-js';
import type { BulkServiceClient } from '#proto/bank/v1/bulk_service.ts';
import type { Submission } from '#proto/bank/v1/submission.ts';
import { callFault } from './call-fault.ts';
import { unaryCall } from './unary-call.ts';

/** Undefined: nobody has opened it. */
export async function findSubmission(
  bulk: BulkServiceClient,
  submissionId: string,
  signal: AbortSignal | undefined,
): Promise<Submission | undefined> {
  try {
    const options = signal === undefined ? {} : { signal };
    const found = await unaryCall(bulk.getSubmission.bind(bulk), { submissionId }, options);
    return found.submission;
  } catch (error) {
    if (callFault(error).code === status.NOT_FOUND) return undefined;
    throw error;
  }
}

/** Changes when something more is stored. */
export function storedMark(submission: Submission | undefined): string {
  if (submission === undefined) return '';
  const { accepted, rejected, replayed, nextItemIndex, state } = submission;
  return [accepted, rejected, replayed, nextItemIndex, state].join();
}
