/**
 * The transport side of one stream's messages: reads its messages with back-pressure (a message is
 * taken when the one before has found its place), and ends it for a reason: the caller cancelled,
 * the stream is idle, the replica stops, or an item failed. The first reason counts. Ending
 * destroys the reading side only; the answer still goes out. Every timer and listener is taken away
 * by `detach`.
 */
import type { Caller } from '#platform/caller.ts';
import { status, type ServerReadableStream } from '@grpc/grpc-js';
import { openCallContext } from '#platform/call-context.ts';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import { halfCloseSettled } from '#platform/streaming.ts';
import { messageTaken } from '#platform/unread-messages.ts';
import type { RawMessage } from './bulk-messages.ts';
import { shuttingDown } from './shutting-down.ts';

/** What is needed of a grpc-js call, so that tests can do without one. */
export type ClientStream = AsyncIterable<RawMessage> &
  Pick<ServerReadableStream<RawMessage, unknown>, 'metadata' | 'cancelled' | 'getDeadline'> & {
    on(event: 'cancelled', listener: () => void): unknown;
    off(event: 'cancelled', listener: () => void): unknown;
    destroy(): unknown;
  };

export type BulkStream = {
  /** The caller's trace. */
  readonly traceparent: string | undefined;
  readonly caller: Caller;
  /** Ends the stream; later reasons are dropped. */
  end(reason: unknown): void;
  /** Throws the reason once the stream has ended. */
  throwIfEnded(): void;
  /** The caller's messages, until it half-closes; throws the reason when the stream ends before. */
  messages(): AsyncGenerator<RawMessage>;
  /** Resolves with the promise, or when the stream ends. Leaves nothing behind. */
  orEnd(promise: Promise<void>): Promise<void>;
  detach(): void;
};

export type BulkStreamOptions = {
  readonly stopping: AbortSignal;
  readonly streamIdleMs: number;
  readonly retryAfterMs: number;
};

export function openBulkStream(call: ClientStream, options: BulkStreamOptions): BulkStream {
  const callContext = openCallContext(call);
  let ended: { reason: unknown } | undefined;
  let wake: (() => void) | undefined;
  let waitingSinceMs: number | undefined;

  const end = (reason: unknown): void => {
    if (ended !== undefined) return;
    ended = { reason };
    call.destroy();
    wake?.();
  };
  const throwIfEnded = (): void => {
    if (ended !== undefined) throw ended.reason;
  };
  const onCancelled = (): void => end(callContext.signal.reason);
  const onStopping = (): void => end(shuttingDown(STORED, options.retryAfterMs));
  const idleCheck = setInterval(() => {
    const { streamIdleMs } = options;
    if (waitingSinceMs !== undefined && performance.now() - waitingSinceMs >= streamIdleMs) {
      end(streamIdle(streamIdleMs));
    }
  }, idleCheckMs(options.streamIdleMs));
  callContext.signal.addEventListener('abort', onCancelled);
  options.stopping.addEventListener('abort', onStopping);
  if (callContext.signal.aborted) onCancelled();
  if (options.stopping.aborted) onStopping();

  async function* messages(): AsyncGenerator<RawMessage> {
    throwIfEnded();
    waitingSinceMs = performance.now();
    try {
      for await (const message of call) {
        messageTaken(message);
        waitingSinceMs = undefined;
        yield message;
        throwIfEnded();
        waitingSinceMs = performance.now();
      }
    } catch (error) {
      throwIfEnded();
      throw error;
    } finally {
      waitingSinceMs = undefined;
    }
    await halfCloseSettled(callContext.signal);
    throwIfEnded();
  }
  return {
    traceparent: callContext.traceparent,
    caller: callContext.caller,
    end,
    throwIfEnded,
    messages,
    orEnd: (promise) =>
      new Promise((resolve) => {
        if (ended !== undefined) return resolve();
        wake = resolve;
        void promise.then(resolve, resolve);
      }),
    detach: () => {
      clearInterval(idleCheck);
      callContext.signal.removeEventListener('abort', onCancelled);
      options.stopping.removeEventListener('abort', onStopping);
      callContext.close();
    },
  };
}

export const STORED = 'what was stored stays stored';

/** Idle streams are found within a quarter of the limit. */
function idleCheckMs(streamIdleMs: number): number {
  return Math.max(10, Math.floor(streamIdleMs / 4));
}

function streamIdle(streamIdleMs: number): RpcError {
  const message = `no message came for ${streamIdleMs} ms; what was stored stays stored`;
  return refusal(status.DEADLINE_EXCEEDED, 'STREAM_IDLE', message);
}
