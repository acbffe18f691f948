/**
 * An account's state, and how an event changes it. Pure: no clock, no ids, no I/O. `evolve` is
 * total over the events; replaying all events of an account gives the state its last event carries,
 * and its open holds.
 */
import type {
  AccountClosed,
  AccountEvent,
  AccountFrozen,
  AccountOpened,
  AccountUnfrozen,
  OverdraftLimitSet,
} from './events.ts';
import { changeHold, NO_HOLDS, type OpenHold } from './holds.ts';

/** No event yet. It is a state too: commands are decided on it like on any other. */
export type NoAccount = { readonly status: 'none'; readonly version: 0n };

/** What every event carries: the account right after it, but for the single holds. */
export type CarriedState = {
  readonly status: 'open' | 'closed';
  /** Count of the account's events. */
  readonly version: bigint;
  readonly currencyCode: string;
  readonly balanceMinor: bigint;
  /** The sum of the open holds. */
  readonly heldMinor: bigint;
  readonly overdraftLimitMinor: bigint;
  readonly debitsFrozen: boolean;
  readonly creditsFrozen: boolean;
};

export type ExistingAccount = CarriedState & {
  /** In the order in which they were placed; those whose time has passed too, until they end. */
  readonly openHolds: readonly OpenHold[];
};
export type OpenAccountState = ExistingAccount & { readonly status: 'open' };

export type AccountState = NoAccount | ExistingAccount;

export const NO_ACCOUNT: NoAccount = { status: 'none', version: 0n };

/** What can be drawn, minor units: balance less holds, plus the overdraft limit. */
export function availableMinor(state: CarriedState): bigint {
  return state.balanceMinor - state.heldMinor + state.overdraftLimitMinor;
}

/** The state after the event. The first event of an account must be AccountOpened. */
export function evolve(state: AccountState, event: AccountEvent): ExistingAccount {
  if (event.type === 'AccountOpened') return opened(state, event);
  if (state.status === 'none') throw new Error(`${event.type} before AccountOpened`);
  switch (event.type) {
    case 'MoneyDeposited':
    case 'TransferReceived':
      return moved(state, event.amountMinor);
    case 'MoneyWithdrawn':
    case 'TransferSent':
      return moved(state, -event.amountMinor);
    case 'OperationReversed':
      return moved(state, event.balanceChangeMinor);
    case 'HoldCaptured':
      return changeHold(moved(state, -event.amountMinor), event);
    case 'HoldPlaced':
    case 'HoldReleased':
    case 'HoldExpired':
      return changeHold(moved(state, 0n), event);
    case 'OverdraftLimitSet':
    case 'AccountFrozen':
    case 'AccountUnfrozen':
    case 'AccountClosed':
      return { ...state, version: state.version + 1n, ...settingOf(event) };
    default:
      return unknownEvent(event);
  }
}

type SettingEvent = OverdraftLimitSet | AccountFrozen | AccountUnfrozen | AccountClosed;

/** What an event changes that moves no money. */
function settingOf(event: SettingEvent): Partial<CarriedState> {
  switch (event.type) {
    case 'OverdraftLimitSet':
      return { overdraftLimitMinor: event.overdraftLimitMinor };
    case 'AccountFrozen':
      return { debitsFrozen: event.debits, creditsFrozen: event.credits };
    case 'AccountUnfrozen':
      return { debitsFrozen: false, creditsFrozen: false };
    case 'AccountClosed':
      return { status: 'closed' };
    default:
      return unknownEvent(event);
  }
}

function opened(state: AccountState, event: AccountOpened): ExistingAccount {
  return {
    status: 'open',
    version: state.version + 1n,
    currencyCode: event.currencyCode,
    balanceMinor: 0n,
    heldMinor: 0n,
    overdraftLimitMinor: event.overdraftLimitMinor,
    debitsFrozen: false,
    creditsFrozen: false,
    openHolds: NO_HOLDS,
  };
}

function moved(state: ExistingAccount, changeMinor: bigint): ExistingAccount {
  const { version, balanceMinor } = state;
  return { ...state, version: version + 1n, balanceMinor: balanceMinor + changeMinor };
}

function unknownEvent(event: never): never {
  throw new Error(`unknown event ${JSON.stringify(event)}`);
}
