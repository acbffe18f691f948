/**
 * What happened to an account. An event says all that its effect needs, so that a reader who sees
 * it alone can follow: a capture says what it frees, a leg of a transfer names the other leg.
 */

export type AccountOpened = {
  readonly type: 'AccountOpened';
  readonly tenant: string;
  readonly currencyCode: string;
  readonly owner: string;
  readonly overdraftLimitMinor: bigint;
  readonly labels: Readonly<Record<string, string>>;
};

type Moved = {
  readonly amountMinor: bigint;
  readonly reference: string;
  /** YYYY-MM-DD; empty: the day it is recorded. */
  readonly valueDate: string;
};

export type MoneyDeposited = Moved & { readonly type: 'MoneyDeposited' };
export type MoneyWithdrawn = Moved & { readonly type: 'MoneyWithdrawn' };

/** Where the other half stands: account, and version in it. */
export type Counterpart = { readonly accountId: string; readonly version: bigint };

/** The debited leg of a transfer or sweep. */
export type TransferSent = Moved & {
  readonly type: 'TransferSent';
  readonly counterpart: Counterpart;
};

/** The credited leg; it names the operation, which belongs to the debited account. */
export type TransferReceived = Moved & {
  readonly type: 'TransferReceived';
  readonly counterpart: Counterpart;
  readonly operationId: string | undefined;
};

export type HoldPlaced = {
  readonly type: 'HoldPlaced';
  readonly holdId: string;
  readonly amountMinor: bigint;
  /** Microseconds since 1970-01-01 UTC; undefined: never. */
  readonly expiresAtMicros: bigint | undefined;
  readonly reference: string;
};

/** amount + released + remaining: what the hold had left before. Remaining 0: it has ended. */
export type HoldCaptured = {
  readonly type: 'HoldCaptured';
  readonly holdId: string;
  readonly amountMinor: bigint;
  readonly remainingMinor: bigint;
  readonly releasedMinor: bigint;
  /** Of what remains: microseconds since 1970-01-01 UTC; undefined: never, or nothing remains. */
  readonly expiresAtMicros: bigint | undefined;
  readonly reference: string;
};

export type HoldReleased = {
  readonly type: 'HoldReleased';
  readonly holdId: string;
  readonly amountMinor: bigint;
};

export type HoldExpired = {
  readonly type: 'HoldExpired';
  readonly holdId: string;
  readonly amountMinor: bigint;
};

export type OperationReversed = {
  readonly type: 'OperationReversed';
  /** The version of the event that is undone, in this account. */
  readonly reversedVersion: bigint;
  /** Negative for a reversed credit. */
  readonly balanceChangeMinor: bigint;
  readonly reason: string;
  /** A transfer's reversal: the other leg's reversal. */
  readonly counterpart: Counterpart | undefined;
};

export type OverdraftLimitSet = {
  readonly type: 'OverdraftLimitSet';
  readonly overdraftLimitMinor: bigint;
};

/** What is refused from here on: what was frozen before included. */
export type AccountFrozen = {
  readonly type: 'AccountFrozen';
  readonly debits: boolean;
  readonly credits: boolean;
  readonly reason: string;
};

export type AccountUnfrozen = { readonly type: 'AccountUnfrozen'; readonly reason: string };
export type AccountClosed = {
  readonly type: 'AccountClosed';
  readonly reason: string;
  /** The credited leg of what was swept; undefined: nothing was. */
  readonly counterpart: Counterpart | undefined;
};

export type AccountEvent =
  | AccountOpened
  | MoneyDeposited
  | MoneyWithdrawn
  | TransferSent
  | TransferReceived
  | HoldPlaced
  | HoldCaptured
  | HoldReleased
  | HoldExpired
  | OperationReversed
  | OverdraftLimitSet
  | AccountFrozen
  | AccountUnfrozen
  | AccountClosed;
