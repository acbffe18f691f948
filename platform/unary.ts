// Turns an async function into a gRPC handler of a unary method: it gets the request and the call's
// context, answers the response or throws; toServiceError maps whatever it throws.
import type { handleUnaryCall } from '@grpc/grpc-js';
import { openCallContext } from './call-context.ts';
import type { CallContext } from './call-context.ts';
import { toServiceError } from './grpc-errors.ts';
import { tracedLog } from './log-trace.ts';
import type { Logger } from './logger.ts';

export type { CallContext } from './call-context.ts';

export function unary<Req, Res>(
  log: Logger,
  handler: (request: Req, call: CallContext) => Promise<Res>,
): handleUnaryCall<Req, Res> {
  return (call, callback) => {
    const context = openCallContext(call);
    const answer = async (): Promise<Res> => handler(call.request, context);
    answer()
      .finally(context.close)
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(toServiceError(error, tracedLog(log, context.traceparent))),
      )
      // Only sending can fail here: the response does not encode, or the stream is gone.
      .catch((error: unknown) => log.error('Could not send an answer.', { err: error }));
  };
}
