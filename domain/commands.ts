/**
 * What callers ask of accounts, well-formed: ids in canonical form, amounts above 0, empty texts
 * where nothing was said. Idempotency keys travel along; the domain does not look at them.
 */
import type { AccountEvent } from './events.ts';

type OfAccount = {
  /** A transfer's: the debited account. */
  readonly accountId: string;
  readonly operationId: string | undefined;
};

type OfVersion = OfAccount & {
  /** The version that the account must have; 0: any. */
  readonly expectedVersion: bigint;
};

/** An amount that moves, with what the statement says of it. */
type Movement = OfVersion & {
  readonly currencyCode: string;
  readonly amountMinor: bigint;
  readonly reference: string;
  /** YYYY-MM-DD; empty: the day it is recorded. */
  readonly valueDate: string;
};

export type OpenAccount = OfAccount & {
  readonly type: 'OpenAccount';
  readonly tenant: string;
  readonly currencyCode: string;
  readonly owner: string;
  readonly overdraftLimitMinor: bigint;
  readonly labels: Readonly<Record<string, string>>;
};

export type Deposit = Movement & { readonly type: 'Deposit' };
export type Withdraw = Movement & { readonly type: 'Withdraw' };

export type Transfer = Movement & {
  readonly type: 'Transfer';
  readonly destinationAccountId: string;
};

export type PlaceHold = OfVersion & {
  readonly type: 'PlaceHold';
  readonly holdId: string;
  readonly currencyCode: string;
  readonly amountMinor: bigint;
  readonly reference: string;
  /** Microseconds since 1970-01-01 UTC; undefined: never. */
  readonly expiresAtMicros: bigint | undefined;
};

export type CaptureHold = OfVersion & {
  readonly type: 'CaptureHold';
  readonly holdId: string;
  /** Undefined: all that the hold has left. */
  readonly amount: { readonly currencyCode: string; readonly minor: bigint } | undefined;
  readonly reference: string;
  /** What the capture leaves is free again. */
  readonly releaseRest: boolean;
};

export type ReleaseHold = OfVersion & { readonly type: 'ReleaseHold'; readonly holdId: string };

/** Ends the holds of an account whose time has passed: of the ledger itself, never a caller's. */
export type ExpireHolds = OfAccount & { readonly type: 'ExpireHolds' };

export type SetOverdraftLimit = OfVersion & {
  readonly type: 'SetOverdraftLimit';
  readonly currencyCode: string;
  readonly overdraftLimitMinor: bigint;
};

export type FreezeAccount = OfVersion & {
  readonly type: 'FreezeAccount';
  readonly debits: boolean;
  readonly credits: boolean;
  readonly reason: string;
};

export type UnfreezeAccount = OfVersion & {
  readonly type: 'UnfreezeAccount';
  readonly reason: string;
};

export type CloseAccount = OfVersion & {
  readonly type: 'CloseAccount';
  /** The account that takes the whole balance; undefined: it must be zero. */
  readonly sweepTo: string | undefined;
  readonly reason: string;
};

export type ReverseOperation = OfVersion & {
  readonly type: 'ReverseOperation';
  readonly reversedOperationId: string;
  /** The account that a transfer went to, when the operation was found to be one. */
  readonly counterpartAccountId: string | undefined;
  readonly reason: string;
};

/** Undoes an event, whatever operation it is of: an item of a submission that is reversed. */
export type ReverseEvent = OfAccount & {
  readonly type: 'ReverseEvent';
  readonly reversedVersion: bigint;
  /** What happened at that version. */
  readonly event: AccountEvent;
  readonly reason: string;
};

export type Command =
  | OpenAccount
  | Deposit
  | Withdraw
  | Transfer
  | PlaceHold
  | CaptureHold
  | ReleaseHold
  | ExpireHolds
  | SetOverdraftLimit
  | FreezeAccount
  | UnfreezeAccount
  | CloseAccount
  | ReverseOperation
  | ReverseEvent;
