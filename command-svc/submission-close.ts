/**
 * Closing a submission: its total is fixed, and `SubmissionClosed` in its home partition's log
 * tells every reader what it must have seen. One transaction, driven from here: the head of the
 * home partition, the submission, the deletion of ALL claims (which waits for their appends), and
 * only then the counting. Whatever is not complete rolls everything back: the claims survive and
 * the submission stays open.
 */
import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { writeAudit } from '#platform/audit.ts';
import { partitionOfText } from '#platform/partitioning.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { nowMicros } from '#platform/timestamps.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { CLOSE_LOOKS_MAX } from './bounds.ts';
import {
  checkClosedEnd,
  checkClosedTotals,
  firstDifference,
  incomplete,
  type CloseRequest,
} from './close-differences.ts';
import { totalsMismatch } from './control-totals.ts';
import { deleteClaims } from './sql/delete-claims.ts';
import { insertClosingRow } from './sql/insert-closing-row.ts';
import { lockSubmission } from './sql/lock-submission.ts';
import { markSubmissionClosed } from './sql/mark-submission-closed.ts';
import { readSubmission, type StoredSubmission } from './sql/read-submission.ts';
import { takePosition } from './sql/take-position.ts';
import { readClosedStanding, type SubmissionKey } from './submission-claims.ts';
import { hasGap, storedItems, submissionNotFound } from './submission-summary.ts';
import { inSubmissionTransaction, type SubmissionContext } from './submission-transactions.ts';

/**
 * Closing what is closed is answered alike, unless the closer says another end or other totals.
 * Throws SUBMISSION_NOT_FOUND, SUBMISSION_INCOMPLETE, CONTROL_TOTALS_MISMATCH, SUBMISSION_CLOSED.
 */
export async function closeSubmission(
  context: SubmissionContext,
  request: CloseRequest,
): Promise<void> {
  for (let look = 0; look < CLOSE_LOOKS_MAX; look++) {
    const closed = await readClosedStanding(context, request);
    if (closed !== undefined) {
      checkClosedEnd(request, closed.totalItems);
      return checkClosedTotals(context, request, request.controlTotals);
    }
    const refused = await tryToClose(context, request);
    if (refused === undefined) return;
    if (refused === 'closed') continue;
    const difference = await firstDifference(context, request, refused);
    if (difference !== undefined) throw difference;
    // What was missing then has been stored meanwhile.
  }
  throw incomplete(request, 'items were stored while it was to be closed', {});
}

/**
 * The partition whose log tells of the submission's end, and where items without a usable account
 * go.
 */
export function homePartition(submission: SubmissionKey, partitionCount: number): number {
  return partitionOfText(`${submission.tenant}\0${submission.submissionId}`, partitionCount);
}

const CLOSES_ITSELF = 'it reverses another: ReverseSubmission, sent again, completes it';
/** All indexes. */
const EVERY_INDEX = { firstIndex: 0n, endIndex: 2n ** 63n - 1n };

/** What the closing transaction found, thrown so that it rolls back. */
class NotClosed extends Error {
  override readonly name = 'NotClosed';
  readonly found: 'closed' | StoredSubmission;

  constructor(found: 'closed' | StoredSubmission) {
    super('the closing of a submission is rolled back');
    this.found = found;
  }
}

async function tryToClose(
  context: SubmissionContext,
  request: CloseRequest,
): Promise<'closed' | StoredSubmission | undefined> {
  try {
    await inSubmissionTransaction(context, (client) => closeUnderLocks(context, client, request));
    return undefined;
  } catch (error) {
    if (error instanceof NotClosed) return error.found;
    throw error;
  }
}

async function closeUnderLocks(
  context: SubmissionContext,
  client: PoolClient,
  request: CloseRequest,
): Promise<void> {
  const { tenant, submissionId, endItemIndex, traceparent } = request;
  const partition = homePartition(request, context.partitionCount);
  const seq = await takePosition(client, partition);
  const locked = await lockSubmission(client, tenant, submissionId);
  if (locked === undefined) throw submissionNotFound(submissionId);
  if (locked.closed) throw new NotClosed('closed');
  if (locked.reverses !== request.reverses) throw incomplete(request, CLOSES_ITSELF, {});
  await deleteClaims(client, { tenant, submissionId, ...EVERY_INDEX });
  await passPausePoint('close.after-claims-deleted');

  // In a statement after the deletion: it sees what the appends stored that the deletion waited
  // for.
  const stored = await readSubmission(client, tenant, submissionId);
  if (stored === undefined) throw submissionNotFound(submissionId);
  if (!isComplete(stored, endItemIndex)) throw new NotClosed(stored);
  const mismatch = totalsMismatch(submissionId, request.controlTotals, stored);
  if (mismatch !== undefined) throw mismatch;

  const storedAtMicros = nowMicros();
  const totalItems = storedItems(stored);
  await markSubmissionClosed(client, {
    tenant,
    submissionId,
    closedAtMicros: storedAtMicros,
    totalItems,
  });
  const batchId = randomUUID();
  const payload = closingPayload(request, stored, { batchId, partition, storedAtMicros });
  const detail = `${totalItems} items, ${stored.accepted} accepted`;
  const action = 'CloseSubmission';
  await writeAudit(client, { caller: request.caller, action, submissionId, detail });
  await insertClosingRow(client, { partition, seq, batchId, traceparent, storedAtMicros, payload });
  await passPausePoint('close.before-commit');
}

function isComplete(stored: StoredSubmission, endItemIndex: number | undefined): boolean {
  if (hasGap(stored)) return false;
  return endItemIndex === undefined || stored.storedEnd === BigInt(endItemIndex);
}

function closingPayload(
  { tenant, submissionId }: SubmissionKey,
  stored: StoredSubmission,
  row: { batchId: string; partition: number; storedAtMicros: bigint },
): Uint8Array {
  const { accepted, rejected, replayed, lastPositions } = stored;
  const submissionClosed = {
    tenant,
    submissionId,
    accepted,
    rejected,
    replayed,
    totalItems: storedItems(stored),
    lastPositions: [...lastPositions],
  };
  const batchId = Buffer.from(uuidToBytes(row.batchId));
  const { partition, storedAtMicros } = row;
  return EventBatch.encode(
    EventBatch.fromPartial({ batchId, partition, storedAtMicros, submissionClosed }),
  ).finish();
}

async function passPausePoint(name: string): Promise<void> {
  const pause = pausePoint(name);
  if (pause !== undefined) await pause;
}
