/**
 * What a decision stands on and what comes of it: events of the command's own account, for a
 * command of two accounts also events of the other one, or a refusal.
 */
import type { AccountState } from './account.ts';
import type { AccountEvent } from './events.ts';
import type { HoldEnd } from './holds.ts';
import { reject, type Rejection, type RejectionReason } from './rejection.ts';

/** An operation that its account has executed: the event that carries its id. */
export type ExecutedOperation = {
  readonly version: bigint;
  readonly event: AccountEvent;
  readonly isReversed: boolean;
};

/** What a decision may ask beside its account's state; all of it is data, read before. */
export type Facts = {
  /** The time of the decision: microseconds since 1970-01-01 UTC. */
  readonly nowMicros: bigint;
  /** How a hold of the account has ended; undefined: it never was, or is open. */
  readonly endedHold: (accountId: string, holdId: string) => HoldEnd | undefined;
  /** An operation of the account; undefined: it was not executed. */
  readonly operation: (accountId: string, operationId: string) => ExecutedOperation | undefined;
  /** Whether the event of the account at that version is undone. */
  readonly isReversed: (accountId: string, version: bigint) => boolean;
  /** The other account of a transfer, a sweep or a transfer's reversal. */
  readonly account: (accountId: string) => AccountState;
};

export type AccountEvents = {
  readonly accountId: string;
  readonly events: readonly AccountEvent[];
};

export type Accepted = {
  readonly accepted: true;
  /** Of the command's own account, in their order. Empty: there was nothing to do. */
  readonly events: readonly AccountEvent[];
  /** Of the other account, when the command changes two. */
  readonly counterpart: AccountEvents | undefined;
};

export type Refused = { readonly accepted: false; readonly rejection: Rejection };

export type Decision = Accepted | Refused;

export function accept(...events: readonly AccountEvent[]): Accepted {
  return { accepted: true, events, counterpart: undefined };
}

export function refuse(reason: RejectionReason, message: string, field = ''): Refused {
  return { accepted: false, rejection: reject(reason, message, field) };
}
