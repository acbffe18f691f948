/** Commands with everything unsaid left empty, and decisions on what is given. Pure. */
import { evolve, NO_ACCOUNT, type AccountState } from '#domain/account.ts';
import type { Command } from '#domain/commands.ts';
import { decide } from '#domain/decide.ts';
import type { Decision, Facts } from '#domain/decision.ts';
import type { AccountEvent, AccountOpened } from '#domain/events.ts';

export const ACCOUNT = '11111111-1111-4111-8111-111111111111';
export const OTHER_ACCOUNT = '22222222-2222-4222-8222-222222222222';
export const HOLD = '33333333-3333-4333-8333-333333333333';
export const OPERATION = '44444444-4444-4444-8444-444444444444';

/** Nothing has happened before, and there is no other account. */
export const NO_FACTS: Facts = {
  nowMicros: 1_000n,
  endedHold: () => undefined,
  operation: () => undefined,
  isReversed: () => false,
  account: () => NO_ACCOUNT,
};

type Of<Type extends Command['type']> = Extract<Command, { type: Type }>;
type Content<Type extends Command['type']> = Partial<Omit<Of<Type>, 'type'>>;

const TARGET = { accountId: ACCOUNT, operationId: undefined, expectedVersion: 0n } as const;
const AMOUNT = { currencyCode: 'EUR', amountMinor: 100n, reference: '' } as const;
const MOVEMENT = { ...TARGET, ...AMOUNT, valueDate: '' } as const;

const EMPTY: { readonly [Type in Command['type']]: Of<Type> } = {
  OpenAccount: {
    type: 'OpenAccount',
    accountId: ACCOUNT,
    operationId: undefined,
    tenant: '',
    currencyCode: 'EUR',
    owner: '',
    overdraftLimitMinor: 0n,
    labels: {},
  },
  Deposit: { type: 'Deposit', ...MOVEMENT },
  Withdraw: { type: 'Withdraw', ...MOVEMENT },
  Transfer: { type: 'Transfer', ...MOVEMENT, destinationAccountId: OTHER_ACCOUNT },
  PlaceHold: {
    type: 'PlaceHold',
    ...TARGET,
    ...AMOUNT,
    holdId: HOLD,
    expiresAtMicros: undefined,
  },
  CaptureHold: {
    type: 'CaptureHold',
    ...TARGET,
    holdId: HOLD,
    amount: undefined,
    reference: '',
    releaseRest: false,
  },
  ReleaseHold: { type: 'ReleaseHold', ...TARGET, holdId: HOLD },
  ExpireHolds: { type: 'ExpireHolds', accountId: ACCOUNT, operationId: undefined },
  SetOverdraftLimit: {
    type: 'SetOverdraftLimit',
    ...TARGET,
    currencyCode: 'EUR',
    overdraftLimitMinor: 0n,
  },
  FreezeAccount: { type: 'FreezeAccount', ...TARGET, debits: true, credits: true, reason: 'r' },
  UnfreezeAccount: { type: 'UnfreezeAccount', ...TARGET, reason: 'r' },
  CloseAccount: { type: 'CloseAccount', ...TARGET, sweepTo: undefined, reason: '' },
  ReverseOperation: {
    type: 'ReverseOperation',
    ...TARGET,
    reversedOperationId: OPERATION,
    counterpartAccountId: undefined,
    reason: 'r',
  },
  ReverseEvent: {
    type: 'ReverseEvent',
    accountId: ACCOUNT,
    operationId: undefined,
    reversedVersion: 2n,
    event: deposited(100n),
    reason: 'r',
  },
};

export function commandOf<Type extends Command['type']>(
  type: Type,
  content: Content<Type> = {},
): Of<Type> {
  return { ...EMPTY[type], ...content };
}

export const OPENED: AccountOpened = {
  type: 'AccountOpened',
  tenant: '',
  currencyCode: 'EUR',
  owner: '',
  overdraftLimitMinor: 0n,
  labels: {},
};

export function deposited(amountMinor: bigint): AccountEvent {
  return { type: 'MoneyDeposited', amountMinor, reference: '', valueDate: '' };
}

export function placed(amountMinor: bigint, expiresAtMicros?: bigint, holdId = HOLD): AccountEvent {
  return { type: 'HoldPlaced', holdId, amountMinor, expiresAtMicros, reference: '' };
}

export function after(...events: AccountEvent[]): AccountState {
  return events.reduce<AccountState>(evolve, NO_ACCOUNT);
}

/** What an accepted movement says, with nothing said beside its amount. */
export function moved(amountMinor: bigint): {
  amountMinor: bigint;
  reference: string;
  valueDate: string;
} {
  return { amountMinor, reference: '', valueDate: '' };
}

/** The decision, which must accept. */
export function decided(
  state: AccountState,
  command: Command,
  facts: Partial<Facts> = {},
): Extract<Decision, { accepted: true }> {
  const decision = decide(state, command, { ...NO_FACTS, ...facts });
  if (!decision.accepted) throw new Error(decision.rejection.message);
  return decision;
}
