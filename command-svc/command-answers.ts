/**
 * What callers are told: receipts as the contract has them, and the status of each refusal. One
 * table from the domain's reasons to gRPC codes; the domain knows no codes.
 */
import { status } from '@grpc/grpc-js';
import type { Rejection, RejectionReason } from '#domain/rejection.ts';
import { invalidArgument, refusal, RpcError } from '#platform/grpc-errors.ts';
import { timestampFromMicros } from '#platform/timestamps.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import type { Hold } from '#proto/bank/v1/account_command_service.ts';
import type { Executed, Receipt } from './batch-item.ts';
import { RETRY_AFTER_MS } from './bounds.ts';

const CODES: Readonly<Record<RejectionReason, status>> = {
  INVALID_ITEM: status.INVALID_ARGUMENT,
  ACCOUNT_NOT_FOUND: status.NOT_FOUND,
  ACCOUNT_EXISTS: status.ALREADY_EXISTS,
  OPERATION_ID_REUSED: status.ALREADY_EXISTS,
  OPERATION_NOT_FOUND: status.NOT_FOUND,
  HOLD_NOT_FOUND: status.NOT_FOUND,
  HOLD_EXISTS: status.ALREADY_EXISTS,
  HOLD_EXPIRED: status.FAILED_PRECONDITION,
  VERSION_MISMATCH: status.ABORTED,
  CURRENCY_MISMATCH: status.FAILED_PRECONDITION,
  ACCOUNT_CLOSED: status.FAILED_PRECONDITION,
  ACCOUNT_FROZEN: status.FAILED_PRECONDITION,
  ALREADY_REVERSED: status.FAILED_PRECONDITION,
  BALANCE_NOT_ZERO: status.FAILED_PRECONDITION,
  INSUFFICIENT_FUNDS: status.FAILED_PRECONDITION,
  BALANCE_OVERFLOW: status.OUT_OF_RANGE,
  QUOTA_EXCEEDED: status.RESOURCE_EXHAUSTED,
};

export function refusalOf({ reason, message, field }: Rejection): RpcError {
  if (reason === 'QUOTA_EXCEEDED') {
    return refusal(CODES[reason], reason, message, { retryAfterMs: RETRY_AFTER_MS });
  }
  if (reason !== 'INVALID_ITEM') return refusal(CODES[reason], reason, message);
  const prefix = `${field}: `; // a stored rejection says its field in its message too
  const description = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  return invalidArgument([{ field, description }]);
}

/** The refusal of a whole batch: the status of its refused item, which its metadata names. */
export function refusalWithIndex(rejection: Rejection, itemIndex: number): RpcError {
  const { code, message, violations, retryAfterMs } = refusalOf(rejection);
  const { reason } = rejection;
  const metadata = { item_index: String(itemIndex) };
  return new RpcError(code, message, {
    reason,
    metadata,
    ...(violations === undefined ? {} : { violations }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The time in the receipt of a command that was only validated. */
export const NOT_STORED = 0n;

export function commandReceipt(receipt: Receipt): CommandReceipt {
  const { accountId, operationId, version, currencyCode, replayed, storedAtMicros } = receipt;
  return {
    accountId,
    operationId,
    version,
    balance: { currencyCode, minorUnits: receipt.balanceMinor },
    available: { currencyCode, minorUnits: receipt.availableMinor },
    replayed,
    storedAt: storedAtMicros === NOT_STORED ? undefined : timestampFromMicros(storedAtMicros),
  };
}

/** The hold of a command on one, as its event has left it. */
export function holdAfter({ event, after }: Executed): Hold | undefined {
  const money = (minorUnits: bigint) => ({ currencyCode: after.currencyCode, minorUnits });
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- no other is of a hold
  switch (event?.type) {
    case 'HoldPlaced':
      return {
        holdId: event.holdId,
        remaining: money(event.amountMinor),
        expiresAt: expiry(event),
      };
    case 'HoldCaptured':
      return {
        holdId: event.holdId,
        remaining: money(event.remainingMinor),
        expiresAt: expiry(event),
      };
    case 'HoldReleased':
      return { holdId: event.holdId, remaining: money(0n), expiresAt: undefined };
    default:
      return undefined;
  }
}

function expiry({ expiresAtMicros }: { readonly expiresAtMicros: bigint | undefined }) {
  return expiresAtMicros === undefined ? undefined : timestampFromMicros(expiresAtMicros);
}
