/**
 * Money in and money out of one account. What draws on what is available first ends the holds whose
 * time has passed, when it is accepted; a deposit needs none of them.
 */
import { creditRefusal, debitRefusal, findOpen, otherCurrency } from './account-rules.ts';
import { evolve, type AccountState, type ExistingAccount } from './account.ts';
import type { Deposit, Withdraw } from './commands.ts';
import { accept, type Decision, type Facts } from './decision.ts';
import type { HoldExpired } from './events.ts';
import { expiriesOf } from './holds.ts';

export function deposit(state: AccountState, command: Deposit): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { account } = found;
  const { accountId, currencyCode, amountMinor, reference, valueDate } = command;
  const refusal =
    otherCurrency(account, accountId, currencyCode) ??
    creditRefusal(account, accountId, amountMinor);
  return refusal ?? accept({ type: 'MoneyDeposited', amountMinor, reference, valueDate });
}

export function withdraw(state: AccountState, command: Withdraw, { nowMicros }: Facts): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { expiries, account } = withoutPassedHolds(found.account, nowMicros);
  const { accountId, currencyCode, amountMinor, reference, valueDate } = command;
  const refusal =
    otherCurrency(account, accountId, currencyCode) ??
    debitRefusal(account, accountId, amountMinor);
  const withdrawn = { type: 'MoneyWithdrawn', amountMinor, reference, valueDate } as const;
  return refusal ?? accept(...expiries, withdrawn);
}

/** The account once its passed holds have ended, and the events that end them. */
export function withoutPassedHolds(
  account: ExistingAccount,
  nowMicros: bigint,
): { expiries: readonly HoldExpired[]; account: ExistingAccount } {
  if (account.openHolds.length === 0) return { expiries: NONE, account };
  const expiries = expiriesOf(account, nowMicros);
  return { expiries, account: expiries.reduce<ExistingAccount>(evolve, account) };
}

const NONE: readonly HoldExpired[] = [];
