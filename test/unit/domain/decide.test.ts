/**
 * The decider, as given events, when a command, then events: one case or two a command, and what
 * its event does to the account.
 */
import { describe, expect, it } from 'vitest';
import { evolve, type AccountState } from '#domain/account.ts';
import type { Command } from '#domain/commands.ts';
import type { AccountEvent } from '#domain/events.ts';
import {
  ACCOUNT,
  after,
  commandOf,
  decided,
  deposited,
  HOLD,
  moved,
  OPENED,
  OTHER_ACCOUNT,
  placed,
} from '#test/support/commands.ts';

const PASSED = 999n;
const LATER = 2_000n;
const rich = after(OPENED, deposited(1_000n));
const held = after(OPENED, deposited(1_000n), placed(400n));

describe('a command of one account', () => {
  const captured = (amountMinor: bigint, remainingMinor: bigint, releasedMinor: bigint) =>
    ({
      type: 'HoldCaptured',
      holdId: HOLD,
      amountMinor,
      remainingMinor,
      releasedMinor,
      expiresAtMicros: undefined,
      reference: '',
    }) as const;
  const part = { amount: { currencyCode: 'EUR', minor: 150n } };
  const cases: [string, AccountState, Command, AccountEvent, Partial<AccountState>][] = [
    ['opens', after(), commandOf('OpenAccount'), OPENED, { status: 'open', version: 1n }],
    [
      'deposits',
      rich,
      commandOf('Deposit', { amountMinor: 5n }),
      deposited(5n),
      { balanceMinor: 1_005n },
    ],
    [
      'withdraws all that is available',
      held,
      commandOf('Withdraw', { amountMinor: 600n }),
      { type: 'MoneyWithdrawn', ...moved(600n) },
      { balanceMinor: 400n, heldMinor: 400n },
    ],
    [
      'sets aside',
      rich,
      commandOf('PlaceHold', { amountMinor: 1_000n, expiresAtMicros: LATER }),
      placed(1_000n, LATER),
      { balanceMinor: 1_000n, heldMinor: 1_000n },
    ],
    [
      'captures a part, and the rest stays',
      held,
      commandOf('CaptureHold', part),
      captured(150n, 250n, 0n),
      { balanceMinor: 850n, heldMinor: 250n },
    ],
    [
      'captures a part, and the rest is released',
      held,
      commandOf('CaptureHold', { ...part, releaseRest: true }),
      captured(150n, 0n, 250n),
      { balanceMinor: 850n, heldMinor: 0n, openHolds: [] },
    ],
    [
      'captures all that is left',
      held,
      commandOf('CaptureHold'),
      captured(400n, 0n, 0n),
      { balanceMinor: 600n, heldMinor: 0n },
    ],
    [
      'releases',
      held,
      commandOf('ReleaseHold'),
      { type: 'HoldReleased', holdId: HOLD, amountMinor: 400n },
      { balanceMinor: 1_000n, heldMinor: 0n },
    ],
    [
      'sets the limit',
      rich,
      commandOf('SetOverdraftLimit', { overdraftLimitMinor: 7n }),
      { type: 'OverdraftLimitSet', overdraftLimitMinor: 7n },
      { overdraftLimitMinor: 7n },
    ],
    [
      'freezes, and what is frozen stays so',
      after(OPENED, { type: 'AccountFrozen', debits: true, credits: false, reason: '' }),
      commandOf('FreezeAccount', { debits: false, credits: true }),
      { type: 'AccountFrozen', debits: true, credits: true, reason: 'r' },
      { debitsFrozen: true, creditsFrozen: true },
    ],
    [
      'unfreezes',
      after(OPENED, { type: 'AccountFrozen', debits: true, credits: true, reason: '' }),
      commandOf('UnfreezeAccount'),
      { type: 'AccountUnfrozen', reason: 'r' },
      { debitsFrozen: false, creditsFrozen: false },
    ],
    [
      'closes',
      after(OPENED),
      commandOf('CloseAccount'),
      { type: 'AccountClosed', reason: '', counterpart: undefined },
      { status: 'closed' },
    ],
  ];
  it.each(cases)('%s', (_name, state, command, event, changed) => {
    expect(decided(state, command)).toEqual({
      accepted: true,
      events: [event],
      counterpart: undefined,
    });
    expect(evolve(state, event)).toMatchObject({ ...changed, version: state.version + 1n });
  });
});

describe('a hold whose time has passed', () => {
  const state = after(OPENED, deposited(1_000n), placed(900n, PASSED), placed(50n, LATER, ACCOUNT));
  const expired = { type: 'HoldExpired', holdId: HOLD, amountMinor: 900n } as const;

  it('ends before what draws on the account', () => {
    const withdrawal = commandOf('Withdraw', { amountMinor: 950n });
    const { events } = decided(state, withdrawal);
    expect(events).toEqual([expired, { type: 'MoneyWithdrawn', ...moved(950n) }]);
    expect(events.reduce<AccountState>(evolve, state)).toMatchObject({
      balanceMinor: 50n,
      heldMinor: 50n,
      version: 6n,
    });
  });

  const all = after(OPENED, deposited(1_000n), placed(1_000n, PASSED));
  const drawn = after(
    OPENED,
    { type: 'OverdraftLimitSet', overdraftLimitMinor: 500n },
    placed(500n, PASSED),
  );
  const amountMinor = 1_000n;
  const facts = {
    account: () => after(OPENED),
    operation: () => ({ version: 2n, event: deposited(amountMinor), isReversed: false }),
  };
  it.each([
    ['a withdrawal', all, commandOf('Withdraw', { amountMinor })],
    ['another hold', all, commandOf('PlaceHold', { amountMinor, holdId: ACCOUNT })],
    ['a transfer', all, commandOf('Transfer', { amountMinor })],
    ['a sweep', all, commandOf('CloseAccount', { sweepTo: OTHER_ACCOUNT })],
    ['the reversal of a deposit', all, commandOf('ReverseOperation')],
    ['a lower limit', drawn, commandOf('SetOverdraftLimit', { overdraftLimitMinor: 0n })],
    ['the end of the account', drawn, commandOf('CloseAccount')],
  ])('does not stand in the way of %s', (_name, before, command) => {
    const { events } = decided(before, command, facts);
    expect(events[0]).toMatchObject({ type: 'HoldExpired', holdId: HOLD });
    expect(events.length).toBeGreaterThan(1);
  });

  it('is left alone by what does not need it', () => {
    expect(decided(state, commandOf('Deposit')).events).toEqual([deposited(100n)]);
  });

  it('ends by its own command, once', () => {
    const { events } = decided(state, commandOf('ExpireHolds'));
    expect(events).toEqual([expired]);
    const ended = events.reduce<AccountState>(evolve, state);
    expect(decided(ended, commandOf('ExpireHolds')).events).toEqual([]);
  });
});
