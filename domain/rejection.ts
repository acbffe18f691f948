/**
 * Why a command is refused. A refusal is a value, not an exception: it is decided, answered, and
 * for an item of a submission stored. Reasons are part of the contract (docs/contract.md).
 */

export const REJECTION_REASONS = [
  'INVALID_ITEM',
  'ACCOUNT_NOT_FOUND',
  'ACCOUNT_EXISTS',
  'OPERATION_ID_REUSED',
  'OPERATION_NOT_FOUND',
  'HOLD_NOT_FOUND',
  'HOLD_EXISTS',
  'HOLD_EXPIRED',
  'VERSION_MISMATCH',
  'CURRENCY_MISMATCH',
  'ACCOUNT_CLOSED',
  'ACCOUNT_FROZEN',
  'ALREADY_REVERSED',
  'BALANCE_NOT_ZERO',
  'INSUFFICIENT_FUNDS',
  'BALANCE_OVERFLOW',
  'QUOTA_EXCEEDED',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

export function isRejectionReason(text: string): text is RejectionReason {
  return REJECTION_REASONS.some((reason) => reason === text);
}

export type Rejection = {
  readonly reason: RejectionReason;
  /** A sentence for the caller: what the rule is, and what to do. */
  readonly message: string;
  /** The field that breaks the rule, as the contract names it; empty when no single field does. */
  readonly field: string;
};

export function reject(reason: RejectionReason, message: string, field = ''): Rejection {
  return { reason, message, field };
}
