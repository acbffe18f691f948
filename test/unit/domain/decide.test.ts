/**
 * The decider, as given events, when a command, then events or a refusal; refusals in their
 * precedence.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  evolve,
  NO_ACCOUNT,
  type AccountEvent,
  type AccountOpened,
  type AccountState,
} from '#domain/account.ts';
import type { Command, Deposit } from '#domain/account.ts';
import { decide } from '#domain/decide.ts';
import { addChecked, MINOR_UNITS_MAX, MINOR_UNITS_MIN } from '#domain/money.ts';

const ACCOUNT = '11111111-1111-4111-8111-111111111111';

const opened: AccountOpened = {
  type: 'AccountOpened',
  tenant: '',
  currencyCode: 'EUR',
  owner: 'Ada',
  overdraftLimitMinor: 0n,
  labels: {},
};

const deposited = (amountMinor: bigint): AccountEvent => {
  return { type: 'MoneyDeposited', amountMinor, reference: 'salary', valueDate: '' };
};

const deposit = (amountMinor: bigint, currencyCode = 'EUR'): Deposit => {
  return {
    type: 'Deposit',
    accountId: ACCOUNT,
    currencyCode,
    amountMinor,
    reference: 'salary',
    valueDate: '',
    operationId: undefined,
  };
};

const open: Command = {
  type: 'OpenAccount',
  accountId: ACCOUNT,
  tenant: '',
  currencyCode: 'EUR',
  owner: 'Ada',
  overdraftLimitMinor: 0n,
  labels: {},
  operationId: undefined,
};

const after = (...events: AccountEvent[]): AccountState =>
  events.reduce<AccountState>(evolve, NO_ACCOUNT);

const closed = (): AccountState => {
  const state = after(opened);
  if (state.status !== 'open') throw new Error('not open');
  return { ...state, status: 'closed' };
};

const creditsFrozen = (): AccountState => {
  const state = after(opened);
  if (state.status !== 'open') throw new Error('not open');
  return { ...state, creditsFrozen: true };
};

describe('decide', () => {
  it('opens an account that does not exist', () => {
    expect(decide(after(), open)).toEqual({ accepted: true, event: opened });
  });

  it('credits a deposit', () => {
    const decision = decide(after(opened, deposited(500n)), deposit(250n));
    expect(decision).toEqual({ accepted: true, event: deposited(250n) });
  });

  const overflow = deposit(1n);
  const deepOverdraft = after({ ...opened, overdraftLimitMinor: MINOR_UNITS_MAX });
  const full = after(opened, deposited(MINOR_UNITS_MAX));
  it.each([
    ['an account that exists', after(opened), open, 'ACCOUNT_EXISTS', 'account_id'],
    ['a closed account opened again', closed(), open, 'ACCOUNT_EXISTS', 'account_id'],
    ['a deposit to no account', after(), deposit(1n), 'ACCOUNT_NOT_FOUND', 'account_id'],
    ['a deposit to a closed account', closed(), deposit(1n, 'USD'), 'ACCOUNT_CLOSED', 'account_id'],
    [
      'another currency, before the freeze',
      creditsFrozen(),
      deposit(1n, 'USD'),
      'CURRENCY_MISMATCH',
      'amount.currency_code',
    ],
    ['frozen credits', creditsFrozen(), deposit(1n), 'ACCOUNT_FROZEN', 'account_id'],
    ['a balance beyond 64 bits', full, overflow, 'BALANCE_OVERFLOW', 'amount.minor_units'],
    [
      'an available amount beyond 64 bits',
      deepOverdraft,
      overflow,
      'BALANCE_OVERFLOW',
      'amount.minor_units',
    ],
  ])('refuses %s', (_name, state, command, reason, field) => {
    const decision = decide(state, command);
    expect(decision).toMatchObject({ accepted: false, rejection: { reason, field } });
  });
});

describe('evolve', () => {
  it('adds up deposits and counts versions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { maxLength: 50 }),
        (amounts) => {
          const state = after(opened, ...amounts.map(deposited));
          const sum = amounts.reduce((total, amount) => total + amount, 0n);
          expect(state).toMatchObject({ balanceMinor: sum, version: BigInt(amounts.length + 1) });
        },
      ),
    );
  });

  it('refuses a deposit before the account is opened', () => {
    expect(() => evolve(NO_ACCOUNT, deposited(1n))).toThrow('MoneyDeposited before AccountOpened');
  });
});

describe('addChecked', () => {
  it('is the exact sum within 64 bits and undefined outside', () => {
    const int64 = fc.bigInt({ min: MINOR_UNITS_MIN, max: MINOR_UNITS_MAX });
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        const fits = BigInt.asIntN(64, a + b) === a + b;
        expect(addChecked(a, b)).toBe(fits ? a + b : undefined);
      }),
    );
  });
});
