/**
 * Uploads the items of a submission over one stream, and goes on after faults: when the stream
 * breaks (UNAVAILABLE, a connection cut, a deadline passed), it asks what is stored, and sends what
 * is missing on a new one. The service tells repeated items from new ones by their index, so that
 * nothing is stored twice.
 * Promises: the receipt of the last stream with the closed submission, or an error after a bounded
 * number of tries. SUBMISSION_TAKEN_OVER is never retried: a newer stream owns the submission.
 */
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { BulkServiceClient, ControlTotals, DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt, Submission } from '#proto/bank/v1/submission.ts';
import {
  accountStreams,
  depositStreams,
  type UploadStream,
  type UploadStreams,
} from './bulk-streams.ts';
import { ALL_ITEMS, itemMessages, type ItemRange, type ItemSource } from './bulk-messages.ts';
import type { CallFault } from './call-fault.ts';
import { CLIENT_DEFAULTS, STREAM_RETRY, type RetryLimits } from './client-defaults.ts';
import { pauseBeforeNextTry } from './next-try.ts';
import { findSubmission, storedMark } from './stored-progress.ts';
import { unaryCall } from './unary-call.ts';

export type UploadRequest = {
  readonly submissionId: string;
  /** Only these items, whose stream travels beside those of others. Implies leaveOpen. */
  readonly part?: ItemRange;
  /** Each stream sends all of it, stored or not, so that the service compares what is stored. */
  readonly sendsStored?: boolean;
  /** Items a message, 5,000 at most. */
  readonly messageItems?: number;
  /** Leaves the submission open at the end of the items. */
  readonly leaveOpen?: boolean;
  /** What the file's own trailer says: a difference leaves the submission open. */
  readonly controlTotals?: ControlTotals;
  readonly retry?: RetryLimits;
  readonly signal?: AbortSignal;
  /** Items handed to the stream so far: the highest index sent, plus one. */
  readonly onSent?: (items: number) => void;
  /** The stream broke; a new one follows after the delay. */
  readonly onBreak?: (fault: CallFault, attempt: number, delayMs: number) => void;
};

export type UploadResult = {
  /** Its counts are those of the last stream; its submission's, of all. */
  readonly receipt: BulkReceipt;
  /** Streams that it took. */
  readonly attempts: number;
};

export function uploadDeposits(
  bulk: BulkServiceClient,
  source: ItemSource<DepositItem>,
  request: UploadRequest,
): Promise<UploadResult> {
  return upload(bulk, depositStreams(bulk), source, request);
}

export function uploadAccounts(
  bulk: BulkServiceClient,
  source: ItemSource<OpenAccountRequest>,
  request: UploadRequest,
): Promise<UploadResult> {
  return upload(bulk, accountStreams(bulk), source, request);
}

async function upload<Item>(
  bulk: BulkServiceClient,
  streams: UploadStreams<Item>,
  source: ItemSource<Item>,
  request: UploadRequest,
): Promise<UploadResult> {
  const retry = request.retry ?? STREAM_RETRY;
  const { part } = request;
  let ranges = part === undefined ? ALL_ITEMS : [part];
  let stored: string | undefined;
  const sent = { endIndex: 0 };
  for (let attempts = 1, sinceProgress = 1; ; attempts++, sinceProgress++) {
    try {
      if (attempts > 1) {
        const submission = await findSubmission(bulk, request.submissionId, request.signal);
        if (request.sendsStored !== true) ranges = missingRanges(submission, part);
        // Stored at the end of a stream that broke: not sent again, and counted by close().
        sent.endIndex = Math.max(sent.endIndex, Number(submission?.nextItemIndex ?? 0n));
        const mark = storedMark(submission);
        if (stored !== undefined && mark !== stored) sinceProgress = 1;
        stored = mark;
      }
      const receipt = await sendStream(streams, source, ranges, request, sent);
      const staysOpen = request.leaveOpen === true || part !== undefined;
      const submission = staysOpen ? receipt.submission : await close(bulk, request, sent);
      return { receipt: { ...receipt, submission }, attempts };
    } catch (error) {
      const tries = { what: `upload of ${request.submissionId}`, retry, attempts, sinceProgress };
      await pauseBeforeNextTry(error, tries, request);
    }
  }
}

/**
 * One stream: sends the ranges, half-closes, and waits for the receipt. It leaves the submission
 * open: a stream that is cancelled can look like one that ended, and must not close anything. Its
 * end is noticed while the source is quiet too, which may wait for what was lost with it.
 */
async function sendStream<Item>(
  streams: UploadStreams<Item>,
  source: ItemSource<Item>,
  ranges: readonly ItemRange[],
  request: UploadRequest,
  sent: { endIndex: number },
): Promise<BulkReceipt> {
  const limits = {
    items: Math.min(
      request.messageItems ?? CLIENT_DEFAULTS.messageItems,
      CLIENT_DEFAULTS.messageItemsMax,
    ),
    bytes: CLIENT_DEFAULTS.messageBytes,
    bytesOf: streams.bytesOf,
  };
  const { submissionId, part } = request;
  const endItemIndex = part === undefined ? undefined : BigInt(part.end);
  const stream = streams.open({ submissionId, leaveOpen: true, endItemIndex }, request.signal);
  const messages = itemMessages(source, ranges, limits);
  try {
    for (;;) {
      const next = await stream.unlessEnded(messages.next());
      if (next?.done === true) break;
      if (next === undefined || !(await stream.send(next.value))) return await endedEarly(stream);
      sent.endIndex = Math.max(sent.endIndex, next.value.firstIndex + next.value.items.length);
      request.onSent?.(sent.endIndex);
    }
    return await stream.finish(part?.end);
  } catch (error) {
    stream.cancel();
    throw error;
  } finally {
    // Not awaited: a source that waits for its next item stops when that has come.
    messages.return().catch(() => undefined);
  }
}

/** All is stored: fixes the total, which only the sender of all items knows. */
async function close(
  bulk: BulkServiceClient,
  { submissionId, controlTotals, signal }: UploadRequest,
  sent: { endIndex: number },
): Promise<Submission | undefined> {
  const options = signal === undefined ? {} : { signal };
  const endItemIndex = BigInt(sent.endIndex);
  const request = { submissionId, endItemIndex, controlTotals };
  const closed = await unaryCall(bulk.closeSubmission.bind(bulk), request, options);
  return closed.submission;
}

/** Why the service ended the stream; a receipt before the end would be one for a part only. */
async function endedEarly<Item>(stream: UploadStream<Item>): Promise<never> {
  await stream.finish();
  throw new Error('the service has ended the stream before its end');
}

/**
 * What is not stored, of a part or of all. Not all gaps may be told: from the last one on, all is
 * sent again.
 */
export function missingRanges(
  submission: Submission | undefined,
  part?: ItemRange,
): readonly ItemRange[] {
  const { from: first, end: last } = part ?? { from: 0, end: Number.MAX_SAFE_INTEGER };
  const gaps = (submission?.missing ?? []).map(({ firstItemIndex, endItemIndex }) => ({
    from: Number(firstItemIndex),
    end: Number(endItemIndex),
  }));
  const from = gaps.pop()?.from ?? Number(submission?.nextItemIndex ?? 0n);
  return [...gaps, { from, end: Number.MAX_SAFE_INTEGER }]
    .map((gap) => ({ from: Math.max(gap.from, first), end: Math.min(gap.end, last) }))
    .filter((gap) => gap.from < gap.end);
}
