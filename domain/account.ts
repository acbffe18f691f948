/**
 * An account: its events, its state, and how an event changes it. Pure: no clock, no ids, no I/O.
 * `evolve` is total over the events; replaying all events of an account gives the state its last
 * event carries.
 */

export type OpenAccount = {
  readonly type: 'OpenAccount';
  readonly accountId: string;
  readonly tenant: string;
  readonly currencyCode: string;
  readonly owner: string;
  readonly overdraftLimitMinor: bigint;
  readonly labels: Readonly<Record<string, string>>;
  readonly operationId: string | undefined;
};

export type Deposit = {
  readonly type: 'Deposit';
  readonly accountId: string;
  readonly currencyCode: string;
  readonly amountMinor: bigint;
  readonly reference: string;
  /** YYYY-MM-DD; empty: the day it is recorded. */
  readonly valueDate: string;
  readonly operationId: string | undefined;
};

export type Command = OpenAccount | Deposit;

export type AccountOpened = {
  readonly type: 'AccountOpened';
  readonly tenant: string;
  readonly currencyCode: string;
  readonly owner: string;
  readonly overdraftLimitMinor: bigint;
  readonly labels: Readonly<Record<string, string>>;
};

export type MoneyDeposited = {
  readonly type: 'MoneyDeposited';
  readonly amountMinor: bigint;
  readonly reference: string;
  readonly valueDate: string;
};

export type AccountEvent = AccountOpened | MoneyDeposited;

/** No event yet. It is a state too: commands are decided on it like on any other. */
export type NoAccount = { readonly status: 'none'; readonly version: 0n };

export type OpenAccountState = {
  readonly status: 'open';
  /** Count of the account's events. */
  readonly version: bigint;
  readonly currencyCode: string;
  readonly balanceMinor: bigint;
  readonly heldMinor: bigint;
  readonly overdraftLimitMinor: bigint;
  readonly debitsFrozen: boolean;
  readonly creditsFrozen: boolean;
};

export type ClosedAccountState = Omit<OpenAccountState, 'status'> & { readonly status: 'closed' };

export type ExistingAccount = OpenAccountState | ClosedAccountState;

export type AccountState = NoAccount | ExistingAccount;

export const NO_ACCOUNT: NoAccount = { status: 'none', version: 0n };

/** What can be drawn, minor units: balance less holds, plus the overdraft limit. */
export function availableMinor(state: ExistingAccount): bigint {
  return state.balanceMinor - state.heldMinor + state.overdraftLimitMinor;
}

/** The state after the event. The first event of an account must be AccountOpened. */
export function evolve(state: AccountState, event: AccountEvent): ExistingAccount {
  switch (event.type) {
    case 'AccountOpened':
      return {
        status: 'open',
        version: state.version + 1n,
        currencyCode: event.currencyCode,
        balanceMinor: 0n,
        heldMinor: 0n,
        overdraftLimitMinor: event.overdraftLimitMinor,
        debitsFrozen: false,
        creditsFrozen: false,
      };
    case 'MoneyDeposited': {
      const account = existing(state, event);
      return {
        ...account,
        version: account.version + 1n,
        balanceMinor: account.balanceMinor + event.amountMinor,
      };
    }
    default:
      return unknownEvent(event);
  }
}

function existing(state: AccountState, event: AccountEvent): ExistingAccount {
  if (state.status === 'none') throw new Error(`${event.type} before AccountOpened`);
  return state;
}

function unknownEvent(event: never): never {
  throw new Error(`unknown event ${JSON.stringify(event)}`);
}
