/**
 * Writes to a server stream and waits when the caller reads slowly: grpc-js keeps what it is given,
 * so a writer that does not wait would hold a whole submission in memory. Throws the signal's
 * reason when it aborts meanwhile.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';

export function sendMessage<Req, Res>(
  call: ServerWritableStream<Req, Res>,
  message: Res,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (call.write(message)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      call.off('drain', settle);
      call.off('close', settle);
      signal.removeEventListener('abort', settle);
      if (signal.aborted) reject(reasonOf(signal));
      else resolve();
    };
    call.on('drain', settle);
    call.on('close', settle);
    signal.addEventListener('abort', settle, { once: true });
  });
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
