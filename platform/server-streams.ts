/**
 * The long streams of one method that a replica serves: a bounded number of them, each ended with
 * STREAM_ROTATED when it grows old or the replica drains, so that its caller goes on elsewhere with
 * its last token. A handler resolves when its story is complete (the stream ends OK) or throws;
 * all that it throws ends the stream with a status.
 */
import { status } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { openCallContext } from './call-context.ts';
import { refusal, toServiceError, type RpcError } from './grpc-errors.ts';
import { tracedLog } from './log-trace.ts';
import type { Logger } from './logger.ts';

export type ServerStreamLimits = {
  streamsMax: number;
  /** Some end a fifth earlier, so that they do not all come back at once. */
  ageMaxMs: number;
  retryAfterMs: number;
  /** What a caller goes on with: names the field. */
  goOnWith: string;
};

export type ServerStreams = {
  /** `check` throws what is wrong with the request: that is told before any bound. */
  serve<Req, Res, Opened>(
    call: ServerWritableStream<Req, Res>,
    check: (request: Req) => Opened,
    tell: (opened: Opened, signal: AbortSignal) => Promise<void>,
  ): void;
  count(): number;
};

export function createServerStreams(
  limits: ServerStreamLimits,
  { stopping, log }: { stopping: AbortSignal; log: Logger },
): ServerStreams {
  let count = 0;

  const run = async (tell: (signal: AbortSignal) => Promise<void>, callerGone: AbortSignal) => {
    if (count >= limits.streamsMax) throw noRoom(limits);
    count++;
    const rotation = new AbortController();
    const rotate = (): void => rotation.abort(rotated(limits));
    const timer = setTimeout(rotate, limits.ageMaxMs * (0.8 + 0.2 * Math.random()));
    stopping.addEventListener('abort', rotate, { once: true });
    if (stopping.aborted) rotate();
    try {
      await tell(AbortSignal.any([callerGone, rotation.signal]));
    } finally {
      count--;
      clearTimeout(timer);
      stopping.removeEventListener('abort', rotate);
    }
  };
  return {
    serve(call, check, tell) {
      const caller = openCallContext(call);
      const serving = async (): Promise<void> => {
        const opened = check(call.request);
        await run((signal) => tell(opened, signal), caller.signal);
      };
      serving()
        .then(
          () => call.end(),
          (error: unknown) => {
            // To a caller that is gone nothing can be said.
            if (caller.signal.aborted) return;
            const traced = tracedLog(log, caller.traceparent);
            call.emit('error', toServiceError(error, traced));
          },
        )
        .catch((error: unknown) => log.error('Could not end a stream.', { err: error }))
        .finally(() => caller.close());
    },
    count: () => count,
  };
}

function noRoom({ retryAfterMs }: ServerStreamLimits): RpcError {
  const message = 'this replica serves as many streams as it may';
  return refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, { retryAfterMs });
}

function rotated({ retryAfterMs, goOnWith }: ServerStreamLimits): RpcError {
  const message = `the stream was rotated: go on with the last ${goOnWith}`;
  return refusal(status.UNAVAILABLE, 'STREAM_ROTATED', message, { retryAfterMs });
}
