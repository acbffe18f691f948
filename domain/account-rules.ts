/**
 * The rules that commands share, each a refusal or undefined. The order in which a command asks
 * them is the precedence of its refusals: not found, version, closed, currency, what the command
 * names (a hold, an operation), frozen, funds and range.
 */
import {
  availableMinor,
  type AccountState,
  type ExistingAccount,
  type OpenAccountState,
} from './account.ts';
import { refuse, type Refused } from './decision.ts';
import { addChecked } from './money.ts';

export type Found = { readonly accepted: true; readonly account: OpenAccountState } | Refused;

type Asked = { readonly accountId: string; readonly expectedVersion: bigint };

/** The account of a command: it is there, has the expected version and is open. */
export function findOpen(
  state: AccountState,
  { accountId, expectedVersion }: Asked,
  field = 'account_id',
): Found {
  if (state.status === 'none') {
    return refuse('ACCOUNT_NOT_FOUND', `account ${accountId} does not exist`, field);
  }
  if (expectedVersion !== 0n && state.version !== expectedVersion) {
    const message = `account ${accountId} is at version ${state.version}, not ${expectedVersion}`;
    return refuse('VERSION_MISMATCH', `${message}: read it again`, 'expected_version');
  }
  if (!isOpen(state)) return refuse('ACCOUNT_CLOSED', `account ${accountId} is closed`, field);
  return { accepted: true, account: state };
}

function isOpen(state: ExistingAccount): state is OpenAccountState {
  return state.status === 'open';
}

export function otherCurrency(
  account: ExistingAccount,
  accountId: string,
  currencyCode: string,
  field = 'amount.currency_code',
): Refused | undefined {
  if (account.currencyCode === currencyCode) return undefined;
  const message = `account ${accountId} holds ${account.currencyCode}, not ${currencyCode}`;
  return refuse('CURRENCY_MISMATCH', message, field);
}

/** Why the account cannot be debited by the amount; its passed holds have ended. */
export function debitRefusal(
  account: ExistingAccount,
  accountId: string,
  amountMinor: bigint,
  { account: accountField, amount: amountField } = FIELDS,
): Refused | undefined {
  return (
    debitsFrozen(account, accountId, accountField) ??
    tooLittle(account, accountId, amountMinor, amountField)
  );
}

export function debitsFrozen(
  account: ExistingAccount,
  accountId: string,
  field = 'account_id',
): Refused | undefined {
  if (!account.debitsFrozen) return undefined;
  return refuse('ACCOUNT_FROZEN', `account ${accountId} allows no debits: it is frozen`, field);
}

function tooLittle(
  account: ExistingAccount,
  accountId: string,
  amountMinor: bigint,
  field: string,
): Refused | undefined {
  const available = availableMinor(account);
  if (amountMinor <= available) return undefined;
  const { currencyCode } = account;
  const message =
    `account ${accountId} has ${available} minor units of ${currencyCode} available, ` +
    `${amountMinor} are asked for`;
  return refuse('INSUFFICIENT_FUNDS', message, field);
}

/** Why the account cannot be credited with the amount. */
export function creditRefusal(
  account: ExistingAccount,
  accountId: string,
  amountMinor: bigint,
  { account: accountField, amount: amountField } = FIELDS,
): Refused | undefined {
  if (account.creditsFrozen) {
    const message = `account ${accountId} takes no credits: it is frozen`;
    return refuse('ACCOUNT_FROZEN', message, accountField);
  }
  if (fits(account.balanceMinor + amountMinor, account.overdraftLimitMinor)) return undefined;
  const message = `account ${accountId} would hold or have available more than 64 bits can say`;
  return refuse('BALANCE_OVERFLOW', message, amountField);
}

/**
 * The balance, and what can be drawn of it once no hold is open, stay within the 64 bits that are
 * stored.
 */
export function fits(balanceMinor: bigint, overdraftLimitMinor: bigint): boolean {
  return (
    addChecked(balanceMinor, 0n) !== undefined &&
    addChecked(balanceMinor, overdraftLimitMinor) !== undefined
  );
}

/** The fields that a refusal names, where the request has an account and an amount. */
export const FIELDS = { account: 'account_id', amount: 'amount.minor_units' };
