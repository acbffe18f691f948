// A handler of a stream both ways as an async function. The messages are read by for-await, which
// holds the caller back as long as the handler is busy; send() waits while the caller does not
// read. Whatever the handler throws ends the call by toServiceError; a caller that has gone ends
// reading and sending with the signal's reason.
import type { Readable } from 'node:stream';
import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { openCallContext } from './call-context.ts';
import type { CallContext } from './call-context.ts';
import { toServiceError } from './grpc-errors.ts';
import { watchIdle } from './idle-watch.ts';
import { tracedLog } from './log-trace.ts';
import type { Logger } from './logger.ts';
import { Undecodable } from './undecodable.ts';
import { messageTaken } from './unread-messages.ts';
import { abortReason, sleep } from './waiting.ts';

/** Resolves when the transport has taken the message. One at a time. */
export type Send<Res> = (message: Res) => Promise<void>;

/** `idleMs`: a caller that sends no message, or reads none, for so long is ended (STREAM_IDLE). */
export function bidiStream<Req, Res>(
  log: Logger,
  handler: (messages: AsyncIterable<Req>, send: Send<Res>, call: CallContext) => Promise<void>,
  idleMs?: number,
): handleBidiStreamingCall<Req, Res> {
  return (call) => {
    const context = openCallContext(call);
    const idle = idleMs === undefined ? undefined : watchIdle(idleMs);
    const signal =
      idle === undefined ? context.signal : AbortSignal.any([context.signal, idle.signal]);
    const touch = (): void => idle?.touch();
    const run = async (): Promise<void> =>
      handler(messagesOf<Req>(call, signal, touch), sender(call, signal, touch), context);
    const ended = run().finally(() => {
      idle?.stop();
      context.close();
    });
    finish(call, ended, tracedLog(log, context.traceparent));
  };
}

type Writable<Res> = NodeJS.EventEmitter & {
  write(message: Res, written: (error?: Error | null) => void): unknown;
  end(): unknown;
};

/** Ends a call that answers by a stream. destroy(error) would send no status. */
function finish<Res>(call: Writable<Res>, work: Promise<void>, log: Logger): void {
  work.then(
    () => void call.end(),
    (error: unknown) => void call.emit('error', toServiceError(error, log)),
  );
}

/**
 * Waits until the transport has taken the message, not until there is room in the call's buffer:
 * that is counted in messages, 16 of whatever size, and a caller that does not read would fill it.
 */
function sender<Res>(call: Writable<Res>, signal: AbortSignal, touch: () => void): Send<Res> {
  return (message) =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => settle(signal.reason);
      const settle = (error: unknown): void => {
        signal.removeEventListener('abort', onAbort);
        touch();
        if (error instanceof Error) reject(error);
        else resolve();
      };
      if (signal.aborted) return settle(signal.reason);
      signal.addEventListener('abort', onAbort);
      call.write(message, settle);
    });
}

async function* messagesOf<Req>(
  stream: Readable,
  signal: AbortSignal,
  touch: () => void,
): AsyncGenerator<Req, void> {
  // A handler that stops reading must not destroy the call: its status would not be sent.
  const messages: AsyncIterator<Req | Undecodable> = stream.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await orAborted(messages.next(), signal);
    touch();
    if (next.done === true) break;
    if (next.value instanceof Undecodable) throw next.value.error;
    messageTaken(next.value);
    yield next.value;
  }
  await halfCloseSettled(signal);
  signal.throwIfAborted();
}

/** A call that is cancelled destroys the stream: say why. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortReason(signal));
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work, aborted]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * A caller that breaks off may look like one that is done: Node's http2 sends the end of the stream
 * in one packet and the cancellation in the next. So an end counts only when no cancellation has
 * followed it at once.
 */
export async function halfCloseSettled(signal: AbortSignal): Promise<void> {
  await sleep(HALF_CLOSE_SETTLE_MS, signal);
  // After a stall the timer comes before what has arrived meanwhile: let that be read too.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const HALF_CLOSE_SETTLE_MS = 10;
