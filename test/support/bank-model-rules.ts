/**
 * How a command of the model is written: its rules in the order of the contract, of which the first
 * that is broken refuses it, and what it writes down when all of them hold. The rules that several
 * commands share.
 */
import type { EntryType } from '#proto/bank/v1/entry_type.ts';
import { balanceOf, MOST, versionOf, type Account } from '#test/support/bank-model.ts';
import type { CommandRequest } from '#test/support/command-calls.ts';

/** `whose`: the rule is one of the other account's. */
export type Rule = readonly [isBroken: boolean, reason: string, whose?: 'other'];

export type Plan = {
  readonly rules: readonly Rule[];
  /** Which of its ways the command goes, for the count of branches. */
  readonly way: string;
  readonly own: Part;
  readonly other: Part | undefined;
};

/** What is written down in one account. */
export type Part = {
  readonly accountId: string;
  /** Takes from what can be drawn, so that passed holds end first. */
  readonly draws: boolean;
  readonly writes: readonly Writing[];
};

export type Writing = {
  readonly type: EntryType;
  readonly change?: bigint;
  readonly undoes?: number;
  /** Names the other account's last entry of the plan, which names this one. */
  readonly isLeg?: boolean;
  readonly opens?: string;
  readonly limit?: bigint;
  readonly stops?: { readonly debits: boolean; readonly credits: boolean };
  readonly closes?: boolean;
  readonly hold?: {
    readonly id: string;
    readonly left: bigint;
    readonly end: 'captured' | 'released' | undefined;
  };
};

export type Of<Case extends CommandRequest['$case']> = Extract<CommandRequest, { $case: Case }>;

/** A plan of one account. */
export function alone(
  rules: readonly Rule[],
  way: string,
  accountId: string,
  draws: boolean,
  ...writes: Writing[]
): Plan {
  return { rules, way, own: { accountId, draws, writes }, other: undefined };
}

/** It is there, as the command knows it, and open. */
export const standing = (account: Account, expectedVersion = 0n): Rule[] => [
  [account.entries.length === 0, 'ACCOUNT_NOT_FOUND'],
  [expectedVersion !== 0n && expectedVersion !== versionOf(account), 'VERSION_MISMATCH'],
  [account.isClosed, 'ACCOUNT_CLOSED'],
];

export const ofCurrency = (account: Account, currency: string): Rule => [
  currency !== account.currency,
  'CURRENCY_MISMATCH',
];

/** It takes the amount. */
export const takes = (account: Account, amount: bigint): Rule[] => [
  [account.noCredits, 'ACCOUNT_FROZEN'],
  [isTooMuch(account, amount), 'BALANCE_OVERFLOW'],
];

/** Balance, and balance with the overdraft limit, are 64-bit numbers. */
export function isTooMuch(account: Account, change: bigint, limit = account.limit): boolean {
  const balance = balanceOf(account) + change;
  return balance > MOST || balance + limit > MOST;
}

export const ofOther = (rules: readonly Rule[]): Rule[] =>
  rules.map(([isBroken, reason]) => [isBroken, reason, 'other']);
