/**
 * One stream of items, from its first message to its receipt, whatever kind its items are of. It
 * claims its range of the submission, each item gets its number and goes to its lane, and when all
 * are stored the receipt answers. Whatever ends the stream, what was stored stays stored and
 * countable, and its claim is deleted after its last item in flight. Memory does not grow with the
 * stream.
 */
import { status } from '@grpc/grpc-js';
import type { ByteBudget, Share } from '#platform/byte-budget.ts';
import { invalidArgument, refusal, type RpcError } from '#platform/grpc-errors.ts';
import type { ItemQuota } from '#platform/quotas.ts';
import type { Slots } from '#platform/slots.ts';
import { IS_STREAM } from '#platform/span-attributes.ts';
import { contextOfTraceparent, detailsAreShown, tracer } from '#platform/telemetry.ts';
import { failSpan, traceparentOf } from '#platform/telemetry.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { RETRY_AFTER_MS } from './bounds.ts';
import type { BulkMode } from './bulk-mode.ts';
import type { BulkMessage, RawMessage } from './bulk-messages.ts';
import { openBulkStream, type ClientStream } from './bulk-stream.ts';
import type { TrialContext } from './decide-on-stored.ts';
import { messageParts } from './message-parts.ts';
import { placeMessage, startNumbering, type ItemNumbering } from './item-numbering.ts';
import { openUpload, type OpenedUpload, type ToItem, type UploadContext } from './opened-upload.ts';
import type { ResultFeed } from './result-feed.ts';
import { openTrial } from './trial-upload.ts';
import type { UnreadRoom } from './unread-room.ts';

export type IntakeContext = UploadContext &
  TrialContext & {
    /** Aborts when the replica drains. */
    readonly stopping: AbortSignal;
    /** How long a caller may leave its stream without a message, or without reading its results. */
    readonly streamIdleMs: number;
    /** Items of one stream whose results its caller has not taken yet; one message may be more. */
    readonly streamResultsMax: number;
    /** Bytes of messages that are decoded and whose items have not all found their place. */
    readonly messages: ByteBudget;
    /** For results, of all streams, that their callers have not taken yet. */
    readonly unreadResults: UnreadRoom;
    readonly bulkMode: Pick<BulkMode, 'holdStream' | 'holdsLease'>;
    /** Of a caller; undefined: nobody counts them. */
    readonly itemQuota?: ItemQuota | undefined;
    /** Uploads at once, of all kinds. */
    readonly uploads: Slots;
  };

/**
 * An upload has begun: it counts, and bulk mode is on for it. A stream that has sent nothing does
 * neither. Answers what ends it.
 */
export function beginUpload({ uploads, bulkMode }: IntakeContext): () => void {
  const leave = uploads.take();
  const release = bulkMode.holdStream();
  return () => {
    release();
    leave();
  };
}

const STREAM = { [IS_STREAM]: true };

/** What differs between the streams. */
export type StreamKind<Item> = {
  readonly decode: (raw: RawMessage) => BulkMessage<Item>;
  readonly toItem: ToItem<Item>;
};

export function tooManyUploads(uploadsMax: number): RpcError {
  const message = `this replica takes ${uploadsMax} uploads already: nothing was done`;
  const options = { retryAfterMs: RETRY_AFTER_MS };
  return refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, options);
}

/**
 * One stream, from its first message to its receipt. `results`: where what becomes of each item
 * goes.
 */
export async function takeStream<Item>(
  context: IntakeContext,
  call: ClientStream,
  kind: StreamKind<Item>,
  results?: ResultFeed,
): Promise<BulkReceipt> {
  const { stopping, streamIdleMs } = context;
  const { retryAfterMs } = context.submissions;
  const stream = openBulkStream(call, { stopping, streamIdleMs, retryAfterMs });
  const parent = contextOfTraceparent(stream.traceparent);
  const span = tracer('command-svc').startSpan('intake', { attributes: STREAM }, parent);
  const traceparent = traceparentOf(span) ?? stream.traceparent;
  const origin = { traceparent, caller: stream.caller, results };
  results?.onBroken(stream.end);
  let share: Share | undefined; // of the message in hand
  let numbering: ItemNumbering | undefined;
  let first = 0; // the index of the message's first item
  let opened: OpenedUpload<Item> | undefined;
  let leave: (() => void) | undefined;
  try {
    const begin = (): void => void (leave ??= beginUpload(context));
    for await (const part of messageParts(context, stream, results, begin)) {
      const { raw, counted, from, until } = part;
      stream.throwIfEnded();
      share = context.messages.take(raw.bytes?.length ?? 0);
      await stream.orEnd(share.granted);
      stream.throwIfEnded();
      const message = kind.decode(raw);
      if (counted !== undefined && counted !== message.items.length) {
        throw miscounted(message.itemsField);
      }
      // Placed before anything is opened: a message that is refused takes over nothing.
      const isFirst = numbering === undefined;
      numbering ??= startNumbering(message);
      if (from === 0) first = placeMessage(numbering, message, isFirst);
      opened ??= numbering.plan.validateOnly
        ? openTrial(context, stream, numbering, origin, kind.toItem)
        : await openUpload(context, stream, numbering, origin, kind.toItem);
      if (isFirst && detailsAreShown()) {
        span.setAttribute('bank.submission_id', message.submissionId);
      }
      stream.throwIfEnded();
      await opened.take(message.items, first, from, until);
      share.giveBack();
    }
    if (opened === undefined) throw noMessage();
    const receipt = await opened.finish();
    if (results !== undefined) await stream.orEnd(results.allSent());
    stream.throwIfEnded();
    return receipt;
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    // The messages' own end does not wait for what is in flight: this does.
    share?.giveBack();
    await opened?.leave();
    leave?.();
    stream.detach();
    span.end();
  }
}

/** Room was taken for other items than there are: only bytes that no protobuf library writes. */
function miscounted(field: string): ReturnType<typeof invalidArgument> {
  const description = 'stand in bytes that cannot be counted: encode the message anew';
  return invalidArgument([{ field, description }]);
}

function noMessage(): ReturnType<typeof invalidArgument> {
  const description = 'is required: a stream begins with a message that names it';
  return invalidArgument([{ field: 'submission_id', description }]);
}
