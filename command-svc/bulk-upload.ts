/**
 * The submission side of one client stream: finds each item its place. An index that is stored is
 * counted as duplicate, or refused when its content differs, and changes nothing; any other goes to
 * its lane, and when that is full the stream waits. When a newer stream or a closing has taken the
 * claim, the submission is read again: closed, the rules of resend hold for all that is left; else
 * the stream ends with SUBMISSION_TAKEN_OVER.
 */
import { status } from '@grpc/grpc-js';
import { reject } from '#domain/rejection.ts';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import type { BatchItem, SubmissionClaim } from './batch-item.ts';
import type { Batcher } from './batcher.ts';
import type { BulkStream } from './bulk-stream.ts';
import type { ResultSink } from './item-results.ts';
import {
  createStoredWindow,
  findResent,
  moveWindow,
  windowHolds,
  type StoredWindow,
} from './stored-window.ts';
import type { StreamFlight } from './stream-flight.ts';
import { countRejected } from './stream-receipt.ts';
import {
  readClosedStanding,
  takenOver,
  type Standing,
  type SubmissionKey,
} from './submission-claims.ts';
import type { SubmissionContext } from './submission-transactions.ts';

/** How an upload ends before its time, and waits without outliving its end. */
export type UploadEnd = Pick<BulkStream, 'end' | 'throwIfEnded' | 'orEnd'>;

export type BulkUpload = {
  readonly context: SubmissionContext & { readonly batcher: Batcher };
  readonly stream: UploadEnd;
  readonly flight: StreamFlight;
  readonly submission: SubmissionKey;
  standing: Standing;
  /** Where the results go of items that are stored already; undefined: nobody asks for them. */
  readonly results: ResultSink | undefined;
  /** Made when the first index is looked up. */
  window: StoredWindow | undefined;
  /** Set while it is found out what became of a claim that is gone. */
  takeover: Promise<void> | undefined;
};

/** The claim that items are enqueued with; none can be enqueued on a closed submission. */
export function claimOf(upload: {
  submission: SubmissionKey;
  standing: Standing;
}): SubmissionClaim {
  const { submission, standing } = upload;
  return standing.kind === 'open' ? standing.claim : { ...submission, claimId: NO_CLAIM };
}

/**
 * Finds the item its place; waits only for stored hashes, for room, or for a takeover to be looked
 * into.
 */
export async function placeItem(upload: BulkUpload, item: BatchItem): Promise<void> {
  const { stream, context } = upload;
  const index = item.itemIndex;
  for (;;) {
    stream.throwIfEnded();
    if (upload.takeover !== undefined) {
      await afterTakeover(upload);
    } else if (mustLookUp(upload, index)) {
      await lookUp(upload, index);
    } else {
      if (placeAtOnce(upload, item, index)) return;
      await stream.orEnd(context.batcher.whenRoom(item));
    }
  }
}

/**
 * The way of almost every item, without a promise; false when it has to wait for something. Throws
 * once the upload has ended: whatever was waited for before, nothing of it is queued any more.
 */
export function placeAtOnce(upload: BulkUpload, item: BatchItem, index: number): boolean {
  upload.stream.throwIfEnded();
  if (upload.takeover !== undefined || mustLookUp(upload, index)) return false;
  if (countedAsResent(upload, item, index)) return true;
  return tryEnqueue(upload, item);
}

/**
 * All of the stream's items are stored, or it is known why not; throws when the stream has ended.
 */
export async function settleUpload(upload: BulkUpload): Promise<void> {
  await upload.flight.landed();
  await afterTakeover(upload);
  upload.stream.throwIfEnded();
}

/** An item of this stream was shut out: its claim is gone. */
export function onStraggler(upload: BulkUpload): void {
  upload.takeover ??= lookIntoTakeover(upload).catch((error: unknown) => upload.stream.end(error));
}

const NO_CLAIM = '00000000-0000-0000-0000-000000000000';

function tryEnqueue(upload: BulkUpload, item: BatchItem): boolean {
  upload.flight.launch();
  const taken = upload.context.batcher.tryEnqueue(item);
  if (!taken) upload.flight.recall();
  return taken;
}

async function afterTakeover(upload: BulkUpload): Promise<void> {
  await upload.takeover;
  upload.takeover = undefined;
}

async function lookIntoTakeover(upload: BulkUpload): Promise<void> {
  const { context, stream, flight, submission } = upload;
  await flight.landed();
  const standing = await readClosedStanding(context, submission);
  if (standing === undefined) {
    stream.end(takenOver(submission.submissionId));
    return;
  }
  upload.standing = standing;
  upload.window = undefined;
  const stragglers = flight.stragglers.toSorted((a, b) => a.itemIndex - b.itemIndex);
  flight.stragglers = [];
  for (const item of stragglers) {
    const index = item.itemIndex;
    if (mustLookUp(upload, index)) await lookUp(upload, index);
    countedAsResent(upload, item, index);
  }
}

/** No index from here on is stored. */
function storedEnd({ standing }: BulkUpload): number {
  return standing.kind === 'open' ? standing.storedEnd : standing.totalItems;
}

function mustLookUp(upload: BulkUpload, index: number): boolean {
  if (index >= storedEnd(upload)) return false;
  return upload.window === undefined || !windowHolds(upload.window, index);
}

async function lookUp(upload: BulkUpload, index: number): Promise<void> {
  upload.window ??= createStoredWindow(upload.context, upload.submission);
  await moveWindow(upload.window, index);
}

/**
 * Applies the rules of resend: true when the index is stored. Throws SUBMISSION_CLOSED above the
 * total.
 */
function countedAsResent(upload: BulkUpload, item: BatchItem, index: number): boolean {
  const { standing, submission, flight, window, results } = upload;
  if (index >= storedEnd(upload)) {
    if (standing.kind === 'open') return false;
    throw submissionClosed(submission.submissionId, standing.totalItems, index);
  }
  if (window === undefined) throw new Error(`index ${index} was not looked up`);
  const finding = findResent(window, index, item.contentHash);
  if (finding === 'same') {
    flight.counts.duplicate += 1;
    results?.duplicate(index);
  } else if (finding === 'other') {
    const message = `item ${index} is stored with other content`;
    const refused = reject('OPERATION_ID_REUSED', message);
    countRejected(flight.counts, item, refused);
    results?.refused(item, refused);
  } else if (standing.kind === 'closed') {
    throw new Error(`${submission.submissionId} is closed and does not hold its item ${index}`);
  }
  return finding !== 'new';
}

function submissionClosed(submissionId: string, totalItems: number, index: number): RpcError {
  const message = `submission ${submissionId} is closed with ${totalItems} items: no item ${index}`;
  const metadata = { total_items: String(totalItems), item_index: String(index) };
  return refusal(status.FAILED_PRECONDITION, 'SUBMISSION_CLOSED', message, { metadata });
}
