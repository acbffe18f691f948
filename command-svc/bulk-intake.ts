/**
 * Where a deposit of a bulk upload enters: BulkDeposit and BulkOpenAccounts share this one way. The
 * stream claims its range of the submission, each item gets its number and goes to its lane, and
 * when all are stored the receipt answers. Whatever ends the stream, what was stored stays stored
 * and countable, and its claim is deleted after its last item in flight. Memory does not grow with
 * the stream.
 */
import type { handleClientStreamingCall } from '@grpc/grpc-js';
import type { Span } from '@opentelemetry/api';
import { invalidArgument, toServiceError } from '#platform/grpc-errors.ts';
import { contextOfTraceparent, traceparentOf, tracer } from '#platform/telemetry.ts';
import type { BulkDepositResponse, BulkOpenAccountsResponse } from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import type { BatchItem } from './batch-item.ts';
import type { Batcher } from './batcher.ts';
import { depositItem, openAccountItem, type ItemContext } from './bulk-items.ts';
import type { BulkMode } from './bulk-mode.ts';
import { decodeAccounts, decodeDeposits } from './bulk-messages.ts';
import type { BulkMessage, RawMessage } from './bulk-messages.ts';
import { openBulkStream, type BulkStream, type ClientStream } from './bulk-stream.ts';
import {
  claimOf,
  onStraggler,
  placeAtOnce,
  placeItem,
  settleUpload,
  type BulkUpload,
} from './bulk-upload.ts';
import { placeMessage, startNumbering, statedEnd, type ItemNumbering } from './item-numbering.ts';
import { createFlight } from './stream-flight.ts';
import { bulkReceipt } from './stream-receipt.ts';
import { endClaim, openClaim } from './submission-claims.ts';
import { closeSubmission, homePartition } from './submission-close.ts';
import { readSummary } from './submission-summary.ts';
import type { SubmissionContext } from './submission-transactions.ts';

export type IntakeContext = SubmissionContext & {
  readonly batcher: Batcher;
  readonly bulkMode: Pick<BulkMode, 'duringStream'>;
  /** Aborts when the replica drains. */
  readonly stopping: AbortSignal;
  /** How long a caller may leave its stream without a message. */
  readonly streamIdleMs: number;
};

export type BulkIntake = {
  readonly bulkDeposit: handleClientStreamingCall<RawMessage, BulkDepositResponse>;
  readonly bulkOpenAccounts: handleClientStreamingCall<RawMessage, BulkOpenAccountsResponse>;
  /** Resolves when no stream is left; a stopping replica ends them all. */
  drained(): Promise<void>;
};

export function createBulkIntake(context: IntakeContext): BulkIntake {
  const running = new Set<Promise<void>>();
  const serve =
    <Item>(
      kind: StreamKind<Item>,
    ): handleClientStreamingCall<RawMessage, { receipt: BulkReceipt }> =>
    (call, callback) => {
      const answered = context.bulkMode
        .duringStream(() => takeStream(context, call, kind))
        .then(
          (receipt) => callback(null, { receipt }),
          (error: unknown) => callback(toServiceError(error, context.log)),
        )
        .catch((error: unknown) => context.log.error('Could not answer a stream.', { err: error }))
        .finally(() => running.delete(answered));
      running.add(answered);
    };
  return {
    bulkDeposit: serve({ decode: decodeDeposits, toItem: depositItem }),
    bulkOpenAccounts: serve({ decode: decodeAccounts, toItem: openAccountItem }),
    drained: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** What differs between the client streams. */
export type StreamKind<Item> = {
  readonly decode: (raw: RawMessage) => BulkMessage<Item>;
  readonly toItem: (context: ItemContext, item: Item, itemIndex: number) => BatchItem;
};

/** One stream, from its first message to its receipt. */
export async function takeStream<Item>(
  context: IntakeContext,
  call: ClientStream,
  kind: StreamKind<Item>,
): Promise<BulkReceipt> {
  const { stopping, streamIdleMs } = context;
  const { retryAfterMs } = context.submissions;
  const stream = openBulkStream(call, { stopping, streamIdleMs, retryAfterMs });
  const parent = contextOfTraceparent(stream.traceparent);
  const span = tracer('command-svc').startSpan('bulk-intake', {}, parent);
  let numbering: ItemNumbering | undefined;
  let opened: OpenedUpload | undefined;
  try {
    for await (const raw of stream.messages()) {
      const message = kind.decode(raw);
      // Placed before anything is opened: a message that is refused takes over nothing.
      const isFirst = numbering === undefined;
      numbering ??= startNumbering(message);
      const first = placeMessage(numbering, message, isFirst);
      opened ??= await openUpload(context, stream, numbering, span);
      stream.throwIfEnded();
      await takeItems(opened, kind, message.items, first);
    }
    if (opened === undefined) throw noMessage();
    await settleUpload(opened.upload);
    return await finishUpload(context, opened, traceparentOf(span) ?? stream.traceparent);
  } finally {
    // The messages' own end does not wait for what is in flight: this does.
    if (opened !== undefined) await leaveUpload(context, opened);
    stream.detach();
    span.end();
  }
}

type OpenedUpload = {
  readonly upload: BulkUpload;
  readonly numbering: ItemNumbering;
  readonly itemContext: ItemContext;
};

async function openUpload(
  context: IntakeContext,
  stream: BulkStream,
  numbering: ItemNumbering,
  span: Span,
): Promise<OpenedUpload> {
  const { submissionId, firstIndex, endIndex } = numbering.plan;
  const submission = { tenant: NO_TENANT, submissionId };
  const standing = await openClaim(context, submission, firstIndex, endIndex);
  const flight = createFlight(
    (error) => stream.end(error),
    () => onStraggler(upload),
  );
  const upload: BulkUpload = {
    context,
    stream,
    flight,
    submission,
    standing,
    window: undefined,
    takeover: undefined,
  };
  const itemContext: ItemContext = {
    partitionCount: context.partitionCount,
    homePartition: homePartition(submission, context.partitionCount),
    origin: {
      kind: 'submission',
      traceparent: traceparentOf(span) ?? stream.traceparent,
      settle: flight.settle,
      claim: claimOf(upload),
    },
  };
  span.setAttribute('bank.submission_id', submissionId);
  return { upload, numbering, itemContext };
}

async function takeItems<Item>(
  { upload, itemContext }: OpenedUpload,
  kind: StreamKind<Item>,
  items: readonly Item[],
  first: number,
): Promise<void> {
  let index = first;
  for (const raw of items) {
    const item = kind.toItem(itemContext, raw, index);
    if (!placeAtOnce(upload, item, index)) await placeItem(upload, item);
    index += 1;
  }
}

/**
 * All items are stored: closes the submission unless the stream leaves it open, and tells what
 * there is.
 */
async function finishUpload(
  context: IntakeContext,
  { upload, numbering }: OpenedUpload,
  traceparent: string | undefined,
): Promise<BulkReceipt> {
  const { submission, flight } = upload;
  if (!numbering.plan.leaveOpen && upload.standing.kind === 'open') {
    const endItemIndex = statedEnd(numbering);
    await closeSubmission(context, { ...submission, endItemIndex, traceparent });
  }
  const summary = await readSummary(context, submission);
  return bulkReceipt(submission.submissionId, flight.counts, summary);
}

async function leaveUpload(context: IntakeContext, { upload }: OpenedUpload): Promise<void> {
  await upload.flight.landed();
  await upload.takeover;
  if (upload.standing.kind === 'open') await endClaim(context, upload.standing.claim);
}

/** There is no authentication yet. */
const NO_TENANT = '';

function noMessage(): ReturnType<typeof invalidArgument> {
  const description = 'is required: a stream begins with a message that names it';
  return invalidArgument([{ field: 'submission_id', description }]);
}
