/**
 * BulkSubmit: mixed commands in, what became of each flows back while the caller still sends, the
 * receipt comes last. Taken in like every upload; here is only what makes it a stream both ways.
 */
import { realmOf } from '#platform/caller.ts';
import type { CallContext } from '#platform/call-context.ts';
import type { Send } from '#platform/streaming.ts';
import type { BulkSubmitResponse } from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { takeStream, type IntakeContext, type StreamKind } from './take-stream.ts';
import { decodeOperations, type RawMessage } from './bulk-messages.ts';
import type { ClientStream } from './bulk-stream.ts';
import { operationItem } from './operation-items.ts';
import { createResultFeed } from './result-feed.ts';
import { readDuplicates } from './stored-results.ts';

export async function submitStream(
  context: IntakeContext,
  messages: AsyncIterable<RawMessage>,
  send: Send<BulkSubmitResponse>,
  call: CallContext,
): Promise<void> {
  const tenant = realmOf(call.caller);
  let submissionId = '';
  const kind: StreamKind<Operation> = {
    decode(raw) {
      const message = decodeOperations(raw);
      submissionId ||= message.submissionId; // another one in a later message ends the stream
      return message;
    },
    toItem: operationItem,
  };
  const feed = createResultFeed({
    send,
    readDuplicates: (indexes) => readDuplicates(context, { tenant, submissionId }, indexes),
    openMax: context.streamResultsMax,
    room: context.unreadResults.ofStream(),
    idleMs: context.streamIdleMs,
  });
  try {
    const receipt = await takeStream(context, readingSide(messages, call), kind, feed);
    await feed.send({ results: [], receipt });
  } finally {
    feed.stop();
  }
}

function wallClockOf(atMs: number | undefined): number {
  return atMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + atMs - performance.now();
}

/** The caller's messages alone, so that ending their reading leaves the answering side open. */
function readingSide(messages: AsyncIterable<RawMessage>, call: CallContext): ClientStream {
  const source = messages[Symbol.asyncIterator]();
  let stopped = false;
  let wake: (() => void) | undefined;
  const next = (): Promise<IteratorResult<RawMessage>> =>
    new Promise((resolve, reject) => {
      if (stopped) return resolve({ done: true, value: undefined });
      wake = () => resolve({ done: true, value: undefined });
      source.next().then(resolve, reject);
    });
  return {
    metadata: call.metadata,
    cancelled: call.signal.aborted,
    getDeadline: () => wallClockOf(call.deadlineAtMs),
    on: (_event, listener) => call.signal.addEventListener('abort', listener),
    off: (_event, listener) => call.signal.removeEventListener('abort', listener),
    destroy() {
      stopped = true;
      wake?.();
    },
    [Symbol.asyncIterator]: () => ({ next }),
  };
}
