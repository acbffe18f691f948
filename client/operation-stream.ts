/**
 * Commands of any kind over one stream that answers each while others are still sent, and that goes
 * on after faults: what is not answered yet is kept, and sent again on a new stream, which tells
 * items that are stored by their index.
 * Promises: each item's result once, in the order of storing, and the submission closed; or an
 * error after a bounded number of tries without a result. Read no further, it sends no further.
 */
import { Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import type {
  BulkServiceClient,
  BulkSubmitRequest,
  BulkSubmitResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import { CLIENT_DEFAULTS, STREAM_RETRY, type RetryLimits } from './client-defaults.ts';
import { pauseBeforeNextTry } from './next-try.ts';
import { unaryCall } from './unary-call.ts';
import { unansweredItems, type UnansweredItems } from './unanswered-items.ts';
import type { Items } from './upload-parts.ts';

export type SubmitOptions = {
  readonly submissionId: string;
  /** What would become of each item; nothing is stored. Items of one message see each other. */
  readonly validateOnly?: boolean;
  /** Items a message, 5,000 at most. Default: 500. */
  readonly messageItems?: number;
  readonly leaveOpen?: boolean;
  readonly retry?: RetryLimits;
  readonly signal?: AbortSignal;
};

type Call = ClientDuplexStream<BulkSubmitRequest, BulkSubmitResponse>;

export async function* submitOperations(
  bulk: BulkServiceClient,
  source: Items<Operation>,
  options: SubmitOptions,
): AsyncGenerator<ItemResult, void, void> {
  const items = unansweredItems(source, CLIENT_DEFAULTS.unansweredItemsMax);
  try {
    yield* answersOf(bulk, items, options);
  } finally {
    items.stop();
  }
}

async function* answersOf(
  bulk: BulkServiceClient,
  items: UnansweredItems<Operation>,
  options: SubmitOptions,
): AsyncGenerator<ItemResult, void, void> {
  const { submissionId, validateOnly = false, leaveOpen = false, signal } = options;
  const retry = options.retry ?? STREAM_RETRY;
  for (let attempts = 1, sinceProgress = 1; ; attempts++, sinceProgress++) {
    signal?.throwIfAborted();
    const call = bulk.bulkSubmit(new Metadata(), {});
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    let allSent = false;
    // Why it fails comes out of the stream, or of the source.
    sendAll(call, items, options).then(() => (allSent = true), cancel);
    try {
      const answers: AsyncIterable<BulkSubmitResponse> = call;
      for await (const { results } of answers) {
        const fresh = results.filter(({ itemIndex }) => items.answered(Number(itemIndex)));
        if (fresh.length > 0) sinceProgress = 0;
        yield* fresh;
      }
      if (!allSent || items.count() > 0) {
        throw new Error(`the service has ended the stream of ${submissionId} before its end`);
      }
      if (!leaveOpen && !validateOnly) await close(bulk, submissionId, items.endIndex(), signal);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const failure = items.failure();
      if (failure !== undefined) throw failure.error;
      const tries = { what: `stream of ${submissionId}`, retry, attempts, sinceProgress };
      await pauseBeforeNextTry(error, tries, { signal });
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }
}

/** Writes as fast as the service takes, and half-closes; ends with the stream. */
async function sendAll(
  call: Call,
  items: UnansweredItems<Operation>,
  { submissionId, validateOnly = false, messageItems }: SubmitOptions,
): Promise<void> {
  const max = Math.min(
    messageItems ?? CLIENT_DEFAULTS.operationMessageItems,
    CLIENT_DEFAULTS.messageItemsMax,
  );
  let wake: () => void = () => undefined;
  for (const event of ['drain', 'close'] as const) call.on(event, () => wake());
  let options: BulkSubmitRequest['options'] = {
    endItemIndex: undefined,
    leaveOpen: !validateOnly,
    controlTotals: undefined,
    validateOnly,
  };
  const send = async (firstIndex: number | undefined, operations: Operation[]) => {
    const firstItemIndex = firstIndex === undefined ? undefined : BigInt(firstIndex);
    const request = { submissionId, operations, firstItemIndex, options };
    options = undefined;
    if (!call.write(request)) await new Promise<void>((resolve) => (wake = resolve));
  };
  for await (const { firstIndex, items: operations } of items.messages(max)) {
    if (call.destroyed) return;
    await send(firstIndex, [...operations]);
  }
  const failure = items.failure();
  if (failure !== undefined) throw failure.error;
  if (options !== undefined) await send(items.endIndex(), []);
  call.end();
}

/** A stream that is cancelled can look like one that ended: closing is a call of its own. */
async function close(
  bulk: BulkServiceClient,
  submissionId: string,
  endIndex: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { submissionId, endItemIndex: BigInt(endIndex), controlTotals: undefined };
  const options = signal === undefined ? {} : { signal };
  await unaryCall(bulk.closeSubmission.bind(bulk), request, options);
}
