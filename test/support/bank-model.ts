/**
 * The bank as the contract tells it (docs/contract.md), small enough to be seen through: an account
 * is what was written down in it and the holds on it, all else is added up. Written from the
 * contract, taking nothing from the services or the domain, so that each can be held against the
 * other.
 */
import { EntryType } from '#proto/bank/v1/entry_type.ts';

export const MOST = 2n ** 63n - 1n;

/** By account id. */
export type Bank = Map<string, Account>;

export type Account = {
  readonly id: string;
  readonly currency: string;
  limit: bigint;
  noDebits: boolean;
  noCredits: boolean;
  isClosed: boolean;
  /** Version 1 first. */
  readonly entries: Entry[];
  /** Ended ones too, in the order of placing. */
  readonly holds: Hold[];
  readonly operations: Map<string, Operation>;
};

export type Entry = {
  readonly type: EntryType;
  /** What it added to the balance. */
  readonly change: bigint;
  readonly operationId: string;
  /** The other leg. */
  readonly pair: Place | undefined;
  /** The version that it undoes. */
  readonly undoes: number | undefined;
  isUndone: boolean;
};

export type Place = { readonly accountId: string; readonly version: number };

export type Hold = {
  readonly id: string;
  left: bigint;
  /** Its time is over; when that is written down is the bank's own business. */
  hasPassed: boolean;
  end: 'captured' | 'released' | 'expired' | undefined;
};

export type Operation = {
  readonly content: string;
  readonly version: number;
  readonly answer: Answer;
};

/** What an accepted command is answered. */
export type Answer = {
  readonly receipt: Told;
  /** Of a command of two accounts. */
  readonly other: Told | undefined;
  /** What the hold that it names still sets aside. */
  readonly left: bigint | undefined;
};

/** A receipt. */
export type Told = {
  readonly accountId: string;
  readonly operationId: string;
  readonly currency: string;
  readonly version: bigint;
  readonly balance: bigint;
  readonly available: bigint;
  readonly replayed: boolean;
  /** Microseconds; undefined: nothing was stored. */
  readonly storedAt: bigint | undefined;
};

/** The account, or one in which nothing was ever written. */
export function accountIn(bank: Bank, id: string): Account {
  return bank.get(id) ?? newAccount(id, '');
}

export function newAccount(id: string, currency: string): Account {
  return {
    id,
    currency,
    limit: 0n,
    noDebits: false,
    noCredits: false,
    isClosed: false,
    entries: [],
    holds: [],
    operations: new Map(),
  };
}

export const versionOf = ({ entries }: Account): bigint => BigInt(entries.length);

export const balanceOf = ({ entries }: Account): bigint =>
  entries.reduce((sum, { change }) => sum + change, 0n);

/** What can be drawn: a hold whose time is over sets nothing aside. */
export function drawable(account: Account): bigint {
  const held = openHolds(account).filter(({ hasPassed }) => !hasPassed);
  return balanceOf(account) + account.limit - sumOf(held);
}

/** What receipts tell: a hold sets its amount aside until its end is written down. */
export function availableOf(account: Account): bigint {
  return balanceOf(account) + account.limit - heldOf(account);
}

export const heldOf = (account: Account): bigint => sumOf(openHolds(account));

const openHolds = ({ holds }: Account): Hold[] => holds.filter(({ end }) => end === undefined);

const sumOf = (holds: readonly Hold[]): bigint => holds.reduce((sum, { left }) => sum + left, 0n);

/** Open holds that are no use any more, but whose end may not be written down yet. */
export const passedHolds = (account: Account): Hold[] =>
  openHolds(account).filter(({ hasPassed }) => hasPassed);

/** Those that can be captured. */
export const standingHolds = (account: Account): Hold[] =>
  openHolds(account).filter(({ hasPassed }) => !hasPassed);

/** Writes the end of so many passed holds down. */
export function endPassed(account: Account, count: number): void {
  for (const hold of passedHolds(account).slice(0, count)) {
    hold.left = 0n;
    hold.end = 'expired';
    account.entries.push({
      type: EntryType.ENTRY_TYPE_HOLD_EXPIRED,
      change: 0n,
      operationId: '',
      pair: undefined,
      undoes: undefined,
      isUndone: false,
    });
  }
}
