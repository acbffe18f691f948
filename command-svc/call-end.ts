/**
 * How a unary call that uploads ends before its time: its caller cancels or its deadline passes,
 * the replica stops, or an item fails. The first reason counts. Streams have bulk-stream.ts.
 */
import type { CallContext } from '#platform/call-context.ts';
import { STORED } from './bulk-stream.ts';
import type { UploadEnd } from './bulk-upload.ts';
import { shuttingDown } from './shutting-down.ts';

export type CallEnd = UploadEnd & { detach(): void };

export function openCallEnd(
  call: CallContext,
  options: { readonly stopping: AbortSignal; readonly retryAfterMs: number },
): CallEnd {
  let ended: { reason: unknown } | undefined;
  let wake: (() => void) | undefined;
  const end = (reason: unknown): void => {
    ended ??= { reason };
    wake?.();
  };
  const onCancelled = (): void => end(call.signal.reason);
  const onStopping = (): void => end(shuttingDown(STORED, options.retryAfterMs));
  call.signal.addEventListener('abort', onCancelled);
  options.stopping.addEventListener('abort', onStopping);
  if (call.signal.aborted) onCancelled();
  if (options.stopping.aborted) onStopping();
  return {
    end,
    throwIfEnded() {
      if (ended !== undefined) throw ended.reason;
    },
    orEnd: (promise) =>
      new Promise((resolve) => {
        if (ended !== undefined) return resolve();
        wake = resolve;
        void promise.then(resolve, resolve);
      }),
    detach() {
      call.signal.removeEventListener('abort', onCancelled);
      options.stopping.removeEventListener('abort', onStopping);
    },
  };
}
