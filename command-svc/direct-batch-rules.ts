/** What both modes of a direct batch have in common. */
import { status } from '@grpc/grpc-js';
import type { CallContext } from '#platform/call-context.ts';
import { refusal } from '#platform/grpc-errors.ts';
import type { SubmitBatchRequest, SubmitBatchResponse } from '#proto/bank/v1/bulk_service.ts';
import type { CallEnd } from './call-end.ts';
import type { IntakeContext } from './take-stream.ts';

/** Stores a checked batch in one of the modes. */
export type StoreBatch = (
  context: IntakeContext,
  request: SubmitBatchRequest,
  end: CallEnd,
  call: CallContext,
) => Promise<SubmitBatchResponse>;

/** A closed submission is answered again to the batch that it was, not to a part of it. */
export function checkSize(
  submissionId: string,
  count: number,
  totalItems: bigint | undefined,
): void {
  if (totalItems === undefined || totalItems === BigInt(count)) return;
  const message = `submission ${submissionId} is closed with ${totalItems} items, not ${count}`;
  const metadata = { total_items: String(totalItems) };
  throw refusal(status.FAILED_PRECONDITION, 'SUBMISSION_CLOSED', message, { metadata });
}
