/**
 * What a failed call means to its caller: the code, the reason that the service gave (ErrorInfo),
 * whether trying again can help, and when (RetryInfo). Total: anything thrown becomes a fault.
 */
import { status, type ServiceError } from '@grpc/grpc-js';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';

export type CallFault = {
  readonly code: status;
  /** UPPER_SNAKE, empty when the answer did not come from the service. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** The same request may be sent again, or the stream resumed. */
  readonly mayRetry: boolean;
};

/** A stream that was given up: the last fault, after how many tries. */
export class StreamGivenUpError extends Error {
  override readonly name = 'StreamGivenUpError';
  readonly fault: CallFault;
  readonly attempts: number;

  constructor(what: string, fault: CallFault, attempts: number, cause: unknown) {
    super(`${what} ended after ${attempts} tries: ${describeFault(fault)}`, { cause });
    this.fault = fault;
    this.attempts = attempts;
  }
}

export function callFault(error: unknown): CallFault {
  if (!isServiceError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: status.UNKNOWN, reason: '', message, retryAfterMs: undefined, mayRetry: false };
  }
  const { reason = '', retryAfterMs } = decodeStatusDetails(error.metadata) ?? {};
  return {
    code: error.code,
    reason,
    message: error.details,
    retryAfterMs,
    mayRetry: mayRetry(error, reason, retryAfterMs),
  };
}

export function describeFault({ code, reason, message }: CallFault): string {
  return `${status[code]}${reason === '' ? '' : ` ${reason}`}: ${message}`;
}

/**
 * SUBMISSION_TAKEN_OVER is ABORTED and never retried: two streams would fence each other for ever.
 * A share that is used up says when there is room again; a quota that never has room says nothing.
 */
function mayRetry(error: ServiceError, reason: string, retryAfterMs: number | undefined): boolean {
  if (error.code === status.UNAVAILABLE) return true;
  if (error.code === status.RESOURCE_EXHAUSTED) {
    return reason === 'QUEUE_FULL' || (reason === 'QUOTA_EXCEEDED' && retryAfterMs !== undefined);
  }
  return error.code === status.INTERNAL && reason === '' && CUT_STREAM.test(error.details);
}

/**
 * Whether work that goes on from what is stored is tried again: also when a call of it has passed
 * its deadline, or its stream was idle for too long.
 */
export function mayGoOn({ mayRetry, code }: CallFault): boolean {
  return mayRetry || code === status.DEADLINE_EXCEEDED;
}

/** How grpc-js words a connection that ended under a call. */
const CUT_STREAM = /RST_STREAM|ECONNRESET|socket hang up|stream (closed|terminated)/i;

/** Whether the error is what a call ended with, rather than one of this side. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
