// Which ends of a call are the server's fault, by OpenTelemetry's conventions for RPC: what a
// caller has done wrong is an answer, not an error of the server.
import { status } from '@grpc/grpc-js';
import { RpcError } from './grpc-errors.ts';

const FAULTS: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);
/** Long streams end so as a rule, and their callers go on elsewhere. */
const AS_A_RULE: ReadonlySet<string | undefined> = new Set(['STREAM_ROTATED', 'SHUTTING_DOWN']);

export function isServerFault(code: status): boolean {
  return FAULTS.has(code);
}

export function isFault(error: unknown): boolean {
  if (!(error instanceof RpcError)) return true;
  return FAULTS.has(error.code) && !AS_A_RULE.has(error.reason);
}

/** Of few different values: a reason, a status, an SQLSTATE or a class of errors. */
export function kindOfError(error: unknown): string {
  if (error instanceof RpcError) return error.reason ?? status[error.code];
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
