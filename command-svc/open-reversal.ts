/**
 * The beginning of a reversal: a submission is undone by one other, whose row is made before its
 * first item and names it. Asked for again, the same is found; under another id, or with other
 * words, it is refused.
 */
import { status } from '@grpc/grpc-js';
import { writeAudit } from '#platform/audit.ts';
import type { Caller } from '#platform/caller.ts';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import { sameContentHash, storedHash, textHash } from './content-hash.ts';
import { createReversal } from './sql/create-reversal.ts';
import { findReversals } from './sql/find-reversals.ts';
import { readSubmission } from './sql/read-submission.ts';
import { otherSubmission, type SubmissionKey } from './submission-claims.ts';
import { submissionNotFound } from './submission-summary.ts';
import {
  inSubmissionTransaction,
  readFromEventStore,
  type SubmissionContext,
} from './submission-transactions.ts';

/** What is asked for: `submissionId` is to undo `reverses`. */
export type ReversalRequest = SubmissionKey & {
  readonly reverses: string;
  readonly reason: string;
  readonly caller: Caller;
};

export type OpenReversal = {
  /** How many items it has: one for each accepted item of the other. */
  readonly items: number;
  /** All of them are stored. */
  readonly closed: boolean;
};

/**
 * Throws SUBMISSION_NOT_FOUND, SUBMISSION_INCOMPLETE, OPERATION_ID_REUSED, ALREADY_REVERSED: in
 * this order.
 */
export async function openReversal(
  context: SubmissionContext,
  request: ReversalRequest,
): Promise<OpenReversal> {
  const { tenant, submissionId, reverses, caller } = request;
  const original = await readFromEventStore(context, (pool) =>
    readSubmission(pool, tenant, reverses),
  );
  if (original === undefined) throw submissionNotFound(reverses);
  if (original.closedAtMicros === undefined) throw stillOpen(reverses);
  const wanted = requestHash(request);
  const found = await inSubmissionTransaction(context, async (client) => {
    const hash = Buffer.from(storedHash(wanted), 'latin1');
    if (await createReversal(client, { tenant, submissionId, reverses, hash })) {
      const detail = `reverses ${reverses}`;
      await writeAudit(client, { caller, action: 'ReverseSubmission', submissionId, detail });
    }
    // In a statement after it: it sees what others have made meanwhile.
    return findReversals(client, tenant, submissionId, reverses);
  });
  const own = found.find((one) => one.submissionId === submissionId);
  const isSame =
    own?.reverses === reverses && own.hash !== undefined && sameContentHash(wanted, own.hash);
  if (own !== undefined && !isSame) throw otherSubmission(submissionId);
  if (own === undefined) throw alreadyReversed(reverses, found[0]?.submissionId ?? '');
  return { items: Number(original.accepted), closed: own.closed };
}

/** Stored: the encoding may never change. */
function requestHash({ reverses, reason }: ReversalRequest): string {
  return textHash(`${reverses}\0${reason}`);
}

function stillOpen(submissionId: string): RpcError {
  const message = `submission ${submissionId} is open: close it before it is reversed`;
  return refusal(status.FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', message);
}

function alreadyReversed(submissionId: string, by: string): RpcError {
  const message = `submission ${submissionId} has been reversed by submission ${by}`;
  const metadata = { reversed_by_submission_id: by };
  return refusal(status.FAILED_PRECONDITION, 'ALREADY_REVERSED', message, { metadata });
}
