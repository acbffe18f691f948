/**
 * Claims: a stream owns its range of a submission's indexes by a row with an id of its own. Opening
 * takes the range over from whoever had it and waits for their appends in flight; after it only
 * this stream can store there, until a newer one takes over. Every try of an opening makes a new
 * claim id: an earlier try whose COMMIT was not answered is then one more claim to take over, never
 * this stream's own. Ids are of version 7 and tell when their call came, by the event store's
 * clock: a try again finds claims of calls that came meanwhile, and leaves them alone.
 */
import type { PoolClient } from 'pg';
import { status } from '@grpc/grpc-js';
import { writeAudit } from '#platform/audit.ts';
import { ANYONE, type Caller } from '#platform/caller.ts';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { uuidV7At, uuidV7Ms } from '#platform/uuid.ts';
import { MAKINGS_MAX } from './bounds.ts';
import type { SubmissionClaim } from './batch-item.ts';
import { createSubmission } from './sql/create-submission.ts';
import { deleteClaim } from './sql/delete-claim.ts';
import { deleteClaims, type ClaimRange } from './sql/delete-claims.ts';
import { deleteUnusedSubmission } from './sql/delete-unused-submission.ts';
import { insertClaim } from './sql/insert-claim.ts';
import { lockSubmission, type LockedSubmission } from './sql/lock-submission.ts';
import { readClaims } from './sql/read-claims.ts';
import { readStoredEnd } from './sql/read-stored-end.ts';
import { readSubmissionStanding } from './sql/read-submission-standing.ts';
import {
  inSubmissionTransaction,
  readFromEventStore,
  type SubmissionContext,
} from './submission-transactions.ts';

export type SubmissionKey = { readonly tenant: string; readonly submissionId: string };

/** What a stream may do in its submission. */
export type Standing =
  | {
      readonly kind: 'open';
      readonly claim: SubmissionClaim;
      /** No index from here on was stored when the claim was taken. */
      readonly storedEnd: number;
    }
  | ClosedStanding;

/** Nothing can be stored any more: every index below the total is; the rules of resend hold. */
export type ClosedStanding = { readonly kind: 'closed'; readonly totalItems: number };

/** The end of a range that has none. */
const OPEN_END = 2n ** 63n - 1n;

/** Whose opening it is. */
export type Opening = {
  readonly caller?: Caller;
  /** The submission that this one undoes; it takes no items but reversals. */
  readonly reverses?: string | undefined;
  /** Throws once the call has ended: from then on it takes nothing over. */
  readonly throwIfEnded?: () => void;
};

export async function openClaim(
  context: SubmissionContext,
  submission: SubmissionKey,
  firstIndex: number,
  endIndex: number | undefined,
  { caller = ANYONE, reverses, throwIfEnded }: Opening = {},
): Promise<Standing> {
  const range: ClaimRange = {
    ...submission,
    firstIndex: BigInt(firstIndex),
    endIndex: endIndex === undefined ? OPEN_END : BigInt(endIndex),
  };
  const { tenant, submissionId } = submission;
  const calledMs = performance.now();
  let calledAtMs: number | undefined; // one for all tries
  let tries = 0;
  const open = async (client: PoolClient): Promise<Standing> => {
    const locked = await makeAndLock(client, submission, calledMs);
    if (locked.closed) return closedStanding(locked.totalItems);
    if (locked.reverses !== reverses) throw otherSubmission(submissionId);
    calledAtMs ??= locked.calledAtMs;
    const claimId = uuidV7At(calledAtMs);
    if (tries > 1) await yieldToNewer(client, range, claimId);
    await deleteClaims(client, range);
    await insertClaim(client, claimId, range);
    const detail = `items from ${range.firstIndex} on`;
    await writeAudit(client, { caller, action: 'OpenSubmission', submissionId, detail });
    // In a statement after the deletion: it sees what the appends stored that the deletion waited
    // for.
    const storedEnd = await readStoredEnd(client, tenant, submissionId);
    const pause = pausePoint('claim.before-commit');
    if (pause !== undefined) await pause;
    throwIfEnded?.(); // the last moment: who has sent the items again must not be shut out
    return { kind: 'open', claim: { tenant, submissionId, claimId }, storedEnd };
  };
  return inSubmissionTransaction(context, open, (attempt) => {
    throwIfEnded?.();
    tries = attempt;
  });
}

/**
 * Of two first tries the later one is the newer, as both wait for one lock. A try again comes late:
 * what its call finds then may be of a call that came after it.
 */
async function yieldToNewer(client: PoolClient, range: ClaimRange, own: string): Promise<void> {
  const cameAtMs = uuidV7Ms(own) ?? 0;
  for (const claimId of await readClaims(client, range)) {
    // Claims of replicas that still give other ids tell nothing, and are taken over.
    if ((uuidV7Ms(claimId) ?? 0) > cameAtMs) throw takenOver(range.submissionId);
  }
}

/**
 * A refused batch that frees the id between the two steps takes the row away: it is made again.
 * Answers also when its call came, by the store's clock.
 */
async function makeAndLock(
  client: PoolClient,
  { tenant, submissionId }: SubmissionKey,
  calledMs: number,
): Promise<LockedSubmission & { readonly calledAtMs: number }> {
  for (let made = 0; made < MAKINGS_MAX; made++) {
    await createSubmission(client, tenant, submissionId);
    const sinceMs = performance.now() - calledMs;
    const locked = await lockSubmission(client, tenant, submissionId);
    if (locked !== undefined) return { ...locked, calledAtMs: locked.askedAtMs - sinceMs };
  }
  throw new Error(`submission ${submissionId} was freed ${MAKINGS_MAX} times while it was opened`);
}

/** How a closed submission stands; undefined while it is open, or when there is none. */
export async function readClosedStanding(
  context: SubmissionContext,
  { tenant, submissionId }: SubmissionKey,
): Promise<ClosedStanding | undefined> {
  const row = await readFromEventStore(context, (pool) =>
    readSubmissionStanding(pool, tenant, submissionId),
  );
  return row?.closed === true ? closedStanding(row.totalItems) : undefined;
}

/**
 * A claim that cannot be deleted now is left: it holds nobody up, the next opening or closing
 * deletes it.
 */
export async function endClaim(context: SubmissionContext, claim: SubmissionClaim): Promise<void> {
  try {
    await readFromEventStore(context, (pool) => deleteClaim(pool, claim));
  } catch (error) {
    const { submissionId } = claim;
    context.log.warn("A stream's claim could not be deleted.", { err: error, submissionId });
  }
}

/**
 * Ends a claim on which nothing was stored, and gives the submission_id free where nobody else has
 * it. Waits for the claim's appends in flight: what they have stored stays, and keeps the id.
 */
export async function freeSubmission(
  context: SubmissionContext,
  claim: SubmissionClaim,
): Promise<void> {
  const { tenant, submissionId } = claim;
  try {
    await inSubmissionTransaction(context, async (client) => {
      await lockSubmission(client, tenant, submissionId);
      await deleteClaim(client, claim);
      await deleteUnusedSubmission(client, claim);
    });
  } catch (error) {
    context.log.warn('A submission could not be given free.', { err: error, submissionId });
  }
}

export function takenOver(submissionId: string): RpcError {
  const message = `a newer stream has taken over indexes of submission ${submissionId}`;
  return refusal(status.ABORTED, 'SUBMISSION_TAKEN_OVER', message);
}

/** The id is taken by a submission of another kind. */
export function otherSubmission(submissionId: string): RpcError {
  const message = `submission ${submissionId} was made for something else: give this another id`;
  return refusal(status.ALREADY_EXISTS, 'OPERATION_ID_REUSED', message);
}

function closedStanding(totalItems: bigint | undefined): ClosedStanding {
  if (totalItems === undefined) throw new Error('a closed submission has no total');
  return { kind: 'closed', totalItems: Number(totalItems) };
}
