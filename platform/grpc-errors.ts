// What a caller gets when a call fails, by AIP-193. Handlers throw an RpcError; toServiceError is
// total: it turns anything into a gRPC status with google.rpc.Status in grpc-status-details-bin. An
// error that nobody meant for the caller answers INTERNAL with a generic text, and its cause goes
// to the log only.
import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { cut, encodeStatusDetails, MESSAGE_LENGTH_MAX } from './status-details.ts';
import type { Logger } from './logger.ts';

export { decodeStatusDetails } from './status-details.ts';
export type { StatusDetails } from './status-details.ts';

const DETAILS_KEY = 'grpc-status-details-bin';

export type FieldViolation = { field: string; description: string };

export type RpcErrorOptions = {
  reason?: string;
  violations?: FieldViolation[];
  metadata?: Record<string, string>;
  retryAfterMs?: number;
  cause?: unknown;
};

/** An error whose code, message and details are meant for the caller. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: status;
  readonly reason: string | undefined;
  readonly violations: FieldViolation[] | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: status, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
    this.violations = options.violations;
    this.metadata = options.metadata;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Malformed fields: the message names the first, the details all of them. */
export function invalidArgument(violations: FieldViolation[]): RpcError {
  const [first] = violations;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const message =
    first === undefined
      ? 'the request is not valid'
      : `${first.field === '' ? '' : `${first.field}: `}${first.description}${more}`;
  return new RpcError(status.INVALID_ARGUMENT, message, { violations });
}

/** A rule says no, or a part is missing: a status with an UPPER_SNAKE reason. */
export function refusal(
  code: status,
  reason: string,
  message: string,
  options: Omit<RpcErrorOptions, 'reason'> = {},
): RpcError {
  return new RpcError(code, message, { ...options, reason });
}

export function toServiceError(error: unknown, log: Logger): ServiceError {
  if (error instanceof RpcError) return servedAs(error);
  log.error('A call failed for a reason that its caller is not told.', { err: error });
  return serviceError(new RpcError(status.INTERNAL, 'internal error'));
}

/** An error that is thrown again, as refusals under overload are, is told as it was before. */
const told = new WeakMap<RpcError, ServiceError>();

function servedAs(error: RpcError): ServiceError {
  const before = told.get(error);
  if (before !== undefined) return before;
  const served = serviceError(error);
  told.set(error, served);
  return served;
}

function serviceError(error: RpcError): ServiceError {
  const metadata = new Metadata();
  const details = encodeStatusDetails(error);
  if (details !== undefined) metadata.set(DETAILS_KEY, details);
  const message = cut(error.message, MESSAGE_LENGTH_MAX);
  return Object.assign(new Error(message, { cause: error }), {
    code: error.code,
    details: message,
    metadata,
  });
}
