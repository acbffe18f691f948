/**
 * How a submission differs from what its closer says: an item that is missing or beyond the stated
 * end, or, of one that is closed, another end or other totals. The first difference is told.
 */
import { status } from '@grpc/grpc-js';
import type { Caller } from '#platform/caller.ts';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import type { ControlTotals } from '#proto/bank/v1/bulk_service.ts';
import { totalsMismatch } from './control-totals.ts';
import { readSubmission, type StoredSubmission } from './sql/read-submission.ts';
import type { SubmissionKey } from './submission-claims.ts';
import { hasGap, readFold, submissionNotFound } from './submission-summary.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

export type CloseRequest = SubmissionKey & {
  /** The index after the last item, if the closer knows; else the stored items say. */
  readonly endItemIndex: number | undefined;
  /** What the whole file says of itself; undefined: nothing to check. */
  readonly controlTotals?: ControlTotals | undefined;
  readonly traceparent: string | undefined;
  readonly caller: Caller;
  /** Only who reverses a submission knows when the reversal is complete. */
  readonly reverses?: string | undefined;
};

/** Throws SUBMISSION_CLOSED when the closer says another end than it has. */
export function checkClosedEnd(
  { submissionId, endItemIndex }: CloseRequest,
  totalItems: number,
): void {
  if (endItemIndex === undefined || endItemIndex === totalItems) return;
  const closed = `submission ${submissionId} is closed with ${totalItems} items`;
  const message = `${closed}, not ${endItemIndex}`;
  const metadata = { total_items: String(totalItems) };
  throw refusal(status.FAILED_PRECONDITION, 'SUBMISSION_CLOSED', message, { metadata });
}

/** What is said of a closed submission must be so. Throws CONTROL_TOTALS_MISMATCH. */
export async function checkClosedTotals(
  context: SubmissionContext,
  { tenant, submissionId }: SubmissionKey,
  totals: ControlTotals | undefined,
): Promise<void> {
  if (totals === undefined) return;
  const stored = await readFromEventStore(context, (pool) =>
    readSubmission(pool, tenant, submissionId),
  );
  if (stored === undefined) throw submissionNotFound(submissionId);
  const mismatch = totalsMismatch(submissionId, totals, stored);
  if (mismatch !== undefined) throw mismatch;
}

/** Where the submission differs from what its closer says, or undefined when it no longer does. */
export async function firstDifference(
  context: SubmissionContext,
  request: CloseRequest,
  stored: StoredSubmission,
): Promise<RpcError | undefined> {
  const { endItemIndex } = request;
  const storedEnd = Number(stored.storedEnd);
  if (hasGap(stored)) {
    const { missing } = await readFold(context, request);
    const first = missing[0]?.first;
    if (first !== undefined && (endItemIndex === undefined || first < endItemIndex)) {
      return missingItem(request, first);
    }
  }
  if (endItemIndex !== undefined && storedEnd > endItemIndex) {
    const message = `item ${storedEnd - 1} is stored, and the end is said to be ${endItemIndex}`;
    return incomplete(request, message, { excess_item_index: String(storedEnd - 1) });
  }
  if (endItemIndex === undefined || hasGap(stored)) return undefined;
  return missingItem(request, storedEnd);
}

function missingItem(request: CloseRequest, index: number): RpcError {
  const metadata = { missing_item_index: String(index) };
  return incomplete(request, `item ${index} is not stored`, metadata);
}

export function incomplete(
  { submissionId }: SubmissionKey,
  why: string,
  metadata: Record<string, string>,
): RpcError {
  const message = `submission ${submissionId} stays open: ${why}`;
  return refusal(status.FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', message, { metadata });
}
