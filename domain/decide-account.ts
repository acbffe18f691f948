/**
 * The account itself: opening, overdraft limit, freeze, close. A closed account takes nothing more;
 * what would leave it short of what is drawn already is refused.
 */
import { debitsFrozen, findOpen, fits, otherCurrency } from './account-rules.ts';
import { availableMinor, type AccountState, type ExistingAccount } from './account.ts';
import type {
  CloseAccount,
  FreezeAccount,
  OpenAccount,
  SetOverdraftLimit,
  UnfreezeAccount,
} from './commands.ts';
import { withoutPassedHolds } from './decide-movements.ts';
import { transferLegs } from './decide-transfer.ts';
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

/** With a balance to sweep, which is a debit: the debited leg comes right before the end. */
export function closeAccount(state: AccountState, command: CloseAccount, facts: Facts): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { expiries, account } = withoutPassedHolds(found.account, facts.nowMicros);
  const { accountId, sweepTo, reason } = command;
  const sweeps = sweepTo !== undefined && account.balanceMinor > 0n;
  const refusal =
    (sweeps ? debitsFrozen(account, accountId) : undefined) ??
    notReadyToClose(account, accountId, sweeps);
  if (refusal !== undefined) return refusal;
  const closed: AccountClosed = { type: 'AccountClosed', reason, counterpart: undefined };
  if (!sweeps) return accept(...expiries, closed);
  const { currencyCode, balanceMinor: amountMinor } = account;
  const legs = transferLegs(account, facts.account(sweepTo), {
    from: accountId,
    to: sweepTo,
    currencyCode,
    amountMinor,
    reference: reason,
    valueDate: '',
    operationId: command.operationId,
    fields: SWEEP_FIELDS,
  });
  if (!legs.accepted) return legs;
  const { sent, received } = legs;
  const swept = { ...closed, counterpart: sent.counterpart };
  return {
    accepted: true,
    events: [...expiries, sent, swept],
    counterpart: { accountId: sweepTo, events: [received] },
  };
}

const SWEEP_FIELDS = {
  source: 'account_id',
  destination: 'sweep_to',
  amount: '',
  currency: 'sweep_to',
} as const;

function notReadyToClose(
  account: ExistingAccount,
  accountId: string,
  sweeps: boolean,
): Refused | undefined {
  const name = `account ${accountId}`;
  const { openHolds, balanceMinor } = account;
  if (openHolds.length > 0) {
    const message = `${name} has ${openHolds.length} open holds: capture or release them first`;
    return refuse('BALANCE_NOT_ZERO', message, 'account_id');
  }
  if (balanceMinor === 0n || sweeps) return undefined;
  const todo = balanceMinor > 0n ? 'name an account in sweep_to, or empty it' : 'settle it first';
  const message = `${name} has a balance of ${balanceMinor} minor units: ${todo}`;
  return refuse('BALANCE_NOT_ZERO', message, 'account_id');
}
