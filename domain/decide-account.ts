/**
 * The account itself: opening, overdraft limit, freeze, close. A closed account takes nothing more;
 * what would leave it short of what is drawn already is refused.
 */
import { debitsFrozen, findOpen, fits, otherCurrency } from './account-rules.ts';
import {
  availableMinor,
  type AccountState,
  type ExistingAccount,
  type OpenAccountState,
} from './account.ts';
import type {
  CloseAccount,
  FreezeAccount,
  OpenAccount,
  SetOverdraftLimit,
  UnfreezeAccount,
} from './commands.ts';
import { withoutPassedHolds } from './decide-movements.ts';
import { findDestination, transferLegs } from './decide-transfer.ts';
import { accept, refuse, type Decision, type Facts, type Refused } from './decision.ts';
import type { AccountClosed } from './events.ts';

export function openAccount(state: AccountState, command: OpenAccount): Decision {
  const { accountId, tenant, currencyCode, owner, overdraftLimitMinor, labels } = command;
  if (state.status !== 'none') {
    return refuse('ACCOUNT_EXISTS', `account ${accountId} exists`, 'account_id');
  }
  return accept({
    type: 'AccountOpened',
    tenant,
    currencyCode,
    owner,
    overdraftLimitMinor,
    labels,
  });
}

export function setOverdraftLimit(
  state: AccountState,
  command: SetOverdraftLimit,
  { nowMicros }: Facts,
): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { expiries, account } = withoutPassedHolds(found.account, nowMicros);
  const { accountId, currencyCode, overdraftLimitMinor } = command;
  const refusal =
    otherCurrency(account, accountId, currencyCode, 'overdraft_limit.currency_code') ??
    limitRefusal(account, accountId, overdraftLimitMinor);
  return refusal ?? accept(...expiries, { type: 'OverdraftLimitSet', overdraftLimitMinor });
}

function limitRefusal(
  account: ExistingAccount,
  accountId: string,
  overdraftLimitMinor: bigint,
): Refused | undefined {
  const field = 'overdraft_limit.minor_units';
  const lowered = { ...account, overdraftLimitMinor };
  if (availableMinor(lowered) < 0n) {
    const leastMinor = account.overdraftLimitMinor - availableMinor(account);
    const message = `account ${accountId} is drawn so far that its limit must be ${leastMinor}`;
    return refuse('INSUFFICIENT_FUNDS', `${message} minor units or more`, field);
  }
  if (fits(account.balanceMinor, overdraftLimitMinor)) return undefined;
  const message = `account ${accountId} would have available more than 64 bits can say`;
  return refuse('BALANCE_OVERFLOW', message, field);
}

/** What is frozen already stays so. */
export function freezeAccount(state: AccountState, command: FreezeAccount): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { debitsFrozen, creditsFrozen } = found.account;
  const debits = debitsFrozen || command.debits;
  const credits = creditsFrozen || command.credits;
  return accept({ type: 'AccountFrozen', debits, credits, reason: command.reason });
}

export function unfreezeAccount(state: AccountState, command: UnfreezeAccount): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  return accept({ type: 'AccountUnfrozen', reason: command.reason });
}

export function closeAccount(state: AccountState, command: CloseAccount, facts: Facts): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { accountId, sweepTo, reason } = command;
  if (sweepTo !== undefined && found.account.balanceMinor > 0n) {
    return sweepAndClose(found.account, { ...command, sweepTo }, facts);
  }
  const { expiries, account } = withoutPassedHolds(found.account, facts.nowMicros);
  const refusal = holdsOpen(account, accountId) ?? balanceLeft(account, accountId);
  return refusal ?? accept(...expiries, closedBy(reason));
}

/** The debited leg comes right before the end. */
function sweepAndClose(
  open: OpenAccountState,
  command: CloseAccount & { readonly sweepTo: string },
  facts: Facts,
): Decision {
  const { accountId, sweepTo, reason, operationId } = command;
  const { currencyCode, balanceMinor: amountMinor } = open;
  const named = { from: accountId, to: sweepTo, fields: SWEEP_FIELDS, operationId };
  const move = { ...named, currencyCode, amountMinor, reference: reason, valueDate: '' };
  const destination = findDestination(facts.account(sweepTo), move);
  if (!destination.accepted) return destination;
  const { expiries, account } = withoutPassedHolds(open, facts.nowMicros);
  const refusal = debitsFrozen(account, accountId) ?? holdsOpen(account, accountId);
  if (refusal !== undefined) return refusal;
  const legs = transferLegs(account, destination.account, move);
  if (!legs.accepted) return legs;
  const { sent, received } = legs;
  return {
    accepted: true,
    events: [...expiries, sent, { ...closedBy(reason), counterpart: sent.counterpart }],
    counterpart: { accountId: sweepTo, events: [received] },
  };
}

function closedBy(reason: string): AccountClosed {
  return { type: 'AccountClosed', reason, counterpart: undefined };
}

const SWEEP_FIELDS = {
  source: 'account_id',
  destination: 'sweep_to',
  amount: '',
  currency: 'sweep_to',
} as const;

function holdsOpen({ openHolds }: ExistingAccount, accountId: string): Refused | undefined {
  const count = openHolds.length;
  if (count === 0) return undefined;
  const message = `account ${accountId} has open holds (${count}): capture or release them first`;
  return refuse('BALANCE_NOT_ZERO', message, 'account_id');
}

function balanceLeft({ balanceMinor }: ExistingAccount, accountId: string): Refused | undefined {
  if (balanceMinor === 0n) return undefined;
  const todo = balanceMinor > 0n ? 'name an account in sweep_to, or empty it' : 'settle it first';
  const message = `account ${accountId} has a balance of ${balanceMinor} minor units: ${todo}`;
  return refuse('BALANCE_NOT_ZERO', message, 'account_id');
}
