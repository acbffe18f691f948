/**
 * Decide: state and command in, event or refusal out. One small function a command; the order of
 * the checks is the order in which refusals take precedence. Idempotency (operation ids) is not
 * decided here.
 */
import type {
  AccountEvent,
  AccountState,
  Command,
  Deposit,
  OpenAccount,
  OpenAccountState,
} from './account.ts';
import { addChecked } from './money.ts';
import { reject, type Rejection } from './rejection.ts';

export type Decision =
  | { readonly accepted: true; readonly event: AccountEvent }
  | { readonly accepted: false; readonly rejection: Rejection };

export function decide(state: AccountState, command: Command): Decision {
  switch (command.type) {
    case 'OpenAccount':
      return openAccount(state, command);
    case 'Deposit':
      return deposit(state, command);
    default:
      return unknownCommand(command);
  }
}

function openAccount(state: AccountState, command: OpenAccount): Decision {
  if (state.status !== 'none') {
    return refuse(reject('ACCOUNT_EXISTS', `account ${command.accountId} exists`, 'account_id'));
  }
  const { tenant, currencyCode, owner, overdraftLimitMinor, labels } = command;
  return accept({
    type: 'AccountOpened',
    tenant,
    currencyCode,
    owner,
    overdraftLimitMinor,
    labels,
  });
}

function deposit(state: AccountState, command: Deposit): Decision {
  const { accountId, currencyCode, amountMinor, reference, valueDate } = command;
  switch (state.status) {
    case 'none':
      return refuse(
        reject('ACCOUNT_NOT_FOUND', `account ${accountId} does not exist`, 'account_id'),
      );
    case 'closed':
      return refuse(reject('ACCOUNT_CLOSED', `account ${accountId} is closed`, 'account_id'));
    case 'open':
      break;
    default:
      return unknownState(state);
  }
  if (state.currencyCode !== currencyCode) {
    const message = `account ${accountId} holds ${state.currencyCode}, not ${currencyCode}`;
    return refuse(reject('CURRENCY_MISMATCH', message, 'amount.currency_code'));
  }
  if (state.creditsFrozen) {
    return refuse(reject('ACCOUNT_FROZEN', `account ${accountId} takes no credits`, 'account_id'));
  }
  if (!creditFits(state, amountMinor)) {
    const message = `account ${accountId} would hold or have available more than 64 bits can say`;
    return refuse(reject('BALANCE_OVERFLOW', message, 'amount.minor_units'));
  }
  return accept({ type: 'MoneyDeposited', amountMinor, reference, valueDate });
}

/** The balance, and what can be drawn of it, stay within the 64 bits that are stored. */
function creditFits(state: OpenAccountState, amountMinor: bigint): boolean {
  const balanceMinor = addChecked(state.balanceMinor, amountMinor);
  if (balanceMinor === undefined) return false;
  return addChecked(balanceMinor - state.heldMinor, state.overdraftLimitMinor) !== undefined;
}

function accept(event: AccountEvent): Decision {
  return { accepted: true, event };
}

function refuse(rejection: Rejection): Decision {
  return { accepted: false, rejection };
}

function unknownCommand(command: never): never {
  throw new Error(`unknown command ${JSON.stringify(command)}`);
}

function unknownState(state: never): never {
  throw new Error(`unknown state ${JSON.stringify(state)}`);
}
