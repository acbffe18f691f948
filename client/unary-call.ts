/**
 * One unary call as a promise. Rejects with the ServiceError of grpc-js, its details in the
 * metadata (see call-fault.ts). The channel's service config retries it; `signal` cancels it.
 */
import { Metadata, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import type { CallOptions as GrpcCallOptions } from '@grpc/grpc-js';
import { CLIENT_DEFAULTS } from './client-defaults.ts';

/** A method of a generated client. */
export type GrpcMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<GrpcCallOptions>,
  callback: (error: ServiceError | null, response?: Response) => void,
) => ClientUnaryCall;

export type CallOptions = {
  /** Default: 10 s; at most 10 minutes. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Metadata;
};

/** `method` is bound to its client: `unaryCall((...a) => client.getAccount(...a), request)`. */
export function unaryCall<Request, Response>(
  method: GrpcMethod<Request, Response>,
  request: Request,
  options: CallOptions = {},
): Promise<Response> {
  const { deadlineMs = CLIENT_DEFAULTS.unaryDeadlineMs, signal } = options;
  const { metadata = new Metadata() } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const deadline = Date.now() + deadlineMs;
    const cancel = () => call.cancel();
    const call = method(request, metadata, { deadline }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      if (error !== null) reject(error);
      else if (response !== undefined) resolve(response);
      else reject(new Error('the call was answered without a message'));
    });
    signal?.addEventListener('abort', cancel, { once: true });
  });
}
