/**
 * What the typed client throws when the bank refuses or cannot be reached: one class with all that
 * the service has said, so that a caller decides by fields and never by a text.
 */
import { status } from '@grpc/grpc-js';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { callFault, isServiceError, StreamGivenUpError } from './call-fault.ts';

export type StatusName = keyof typeof status;
export type FieldViolation = { readonly field: string; readonly description: string };

export class BankError extends Error {
  override readonly name = 'BankError';
  /** The method, as `Deposit`, or what was followed. */
  readonly method: string;
  /** NOT_FOUND, UNAVAILABLE, ...: the gRPC status. */
  readonly code: StatusName;
  /** ACCOUNT_NOT_FOUND, INSUFFICIENT_FUNDS, ...: empty when no service has answered. */
  readonly reason: string;
  /** What the service says, without the code. */
  readonly details: string;
  /** Each malformed field, with the rule that it breaks. */
  readonly violations: readonly FieldViolation[];
  /** What the service tells besides, such as `item_index` of an atomic batch's first refusal. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Not before so long, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The same request, with the same operation id, may help later. */
  readonly mayRetry: boolean;

  constructor(method: string, cause: unknown) {
    const error = cause instanceof StreamGivenUpError ? cause.cause : cause;
    const fault = cause instanceof StreamGivenUpError ? cause.fault : callFault(cause);
    const told = isServiceError(error) ? decodeStatusDetails(error.metadata) : undefined;
    const code = nameOf(fault.code);
    const why = fault.reason === '' ? code : `${code} ${fault.reason}`;
    super(`${method}: ${why}: ${fault.message}`, { cause });
    this.method = method;
    this.code = code;
    this.reason = fault.reason;
    this.details = fault.message;
    this.violations = told?.violations ?? [];
    this.metadata = told?.metadata ?? {};
    this.retryAfterMs = fault.retryAfterMs;
    this.mayRetry = fault.mayRetry;
  }
}

/** A BankError of what the bank has said; anything else stays what it is. */
export function bankError(method: string, error: unknown): unknown {
  if (error instanceof BankError) return error;
  const isOfBank = isServiceError(error) || error instanceof StreamGivenUpError;
  return isOfBank ? new BankError(method, error) : error;
}

/** The same stream, whose errors are the client's own. */
export async function* withBankErrors<T>(
  method: string,
  messages: AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  try {
    yield* messages;
  } catch (error) {
    throw bankError(method, error);
  }
}

function nameOf(code: status): StatusName {
  for (const name of STATUS_NAMES) if (status[name] === code) return name;
  return 'UNKNOWN';
}

const STATUS_NAMES = Object.keys(status).filter(isStatusName);

function isStatusName(name: string): name is StatusName {
  return /^[A-Z]/.test(name);
}
