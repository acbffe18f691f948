/**
 * What is stored of a submission, as callers see it. The counters are sums; only when they show a
 * gap are the rows folded to tell where it is. A submission in the middle of its upload may grow
 * between the two readings: then the answer holds for some moment between them.
 */
import { partsOfSum } from '#domain/money.ts';
import { status } from '@grpc/grpc-js';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import { withTransaction } from '#platform/postgres.ts';
import { timestampFromMicros } from '#platform/timestamps.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import { SubmissionState, type Submission } from '#proto/bank/v1/submission.ts';
import { readSubmissionBatches } from './sql/read-submission-batches.ts';
import { readSubmission, type StoredSubmission } from './sql/read-submission.ts';
import type { SubmissionKey } from './submission-claims.ts';
import {
  finishFold,
  foldIsFull,
  foldRow,
  startFold,
  type FoldedSubmission,
} from './submission-fold.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** The submission as it is stored now; SUBMISSION_NOT_FOUND when nobody has opened it. */
export async function readSummary(
  context: SubmissionContext,
  submission: SubmissionKey,
): Promise<Submission> {
  const { tenant, submissionId } = submission;
  const stored = await readFromEventStore(context, (pool) =>
    readSubmission(pool, tenant, submissionId),
  );
  if (stored === undefined) throw submissionNotFound(submissionId);
  const folded = hasGap(stored) ? await readFold(context, submission) : undefined;
  return summaryOf(submissionId, stored, folded);
}

export function submissionNotFound(submissionId: string): RpcError {
  const message = `submission ${submissionId} does not exist`;
  return refusal(status.NOT_FOUND, 'SUBMISSION_NOT_FOUND', message);
}

/** Count of items, whatever their outcome. */
export function storedItems(stored: StoredSubmission): bigint {
  return stored.accepted + stored.rejected + stored.replayed;
}

/** Every index is stored once, so a count below the highest index means a gap. */
export function hasGap(stored: StoredSubmission): boolean {
  return storedItems(stored) !== stored.storedEnd;
}

/** Where the gaps are. Reads the submission's rows, in a transaction of its own that only reads. */
export async function readFold(
  context: SubmissionContext,
  { tenant, submissionId }: SubmissionKey,
): Promise<FoldedSubmission> {
  const folded = await readFromEventStore(context, (pool) =>
    withTransaction(pool, async (client) => {
      const fold = startFold();
      for await (const row of readSubmissionBatches(client, tenant, submissionId)) {
        foldRow(fold, row);
        if (foldIsFull(fold)) break;
      }
      return finishFold(fold);
    }),
  );
  if (folded.repeated > 0) {
    const { repeated } = folded;
    context.log.error('Indexes of a submission are stored twice.', { submissionId, repeated });
  }
  return folded;
}

function summaryOf(
  submissionId: string,
  stored: StoredSubmission,
  folded: FoldedSubmission | undefined,
): Submission {
  return {
    ...overviewOf(submissionId, stored),
    nextItemIndex: folded === undefined ? stored.storedEnd : BigInt(folded.nextItemIndex),
    missing: (folded?.missing ?? []).map(({ first, end }) => ({
      firstItemIndex: BigInt(first),
      endItemIndex: BigInt(end),
    })),
  };
}

/** Without what tells where its gaps are. */
export function overviewOf(submissionId: string, stored: StoredSubmission): Submission {
  const { closedAtMicros, totalItems } = stored;
  const closed = closedAtMicros !== undefined;
  return {
    submissionId,
    state: closed ? SubmissionState.SUBMISSION_STATE_CLOSED : SubmissionState.SUBMISSION_STATE_OPEN,
    accepted: stored.accepted,
    rejected: stored.rejected,
    replayed: stored.replayed,
    acceptedAmounts: stored.amounts.flatMap(moneyOf),
    nextItemIndex: 0n,
    totalItems,
    createdAt: timestampFromMicros(stored.createdAtMicros),
    closedAt: closed ? timestampFromMicros(closedAtMicros) : undefined,
    missing: [],
  };
}

/** A sum over many accounts may pass what one Money holds: then several of them add up to it. */
function moneyOf(amount: { currencyCode: string; minorUnits: bigint }): Money[] {
  const { currencyCode } = amount;
  return partsOfSum(amount.minorUnits).map((minorUnits) => ({ currencyCode, minorUnits }));
}
