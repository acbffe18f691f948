/** Decisions on two accounts, and reversals: as given events, when a command, then events. */
import { describe, expect, it } from 'vitest';
import { evolve, NO_ACCOUNT } from '#domain/account.ts';
import { decide } from '#domain/decide.ts';
import {
  ACCOUNT,
  after,
  commandOf,
  decided,
  deposited,
  HOLD,
  moved,
  NO_FACTS,
  OPENED,
  OTHER_ACCOUNT,
  placed,
} from '#test/support/commands.ts';

const rich = after(OPENED, deposited(1_000n));

describe('two accounts', () => {
  const other = after(OPENED, deposited(1n));
  const facts = { account: (id: string) => (id === OTHER_ACCOUNT ? other : NO_ACCOUNT) };
  const sent = {
    type: 'TransferSent',
    ...moved(100n),
    counterpart: { accountId: OTHER_ACCOUNT, version: 3n },
  } as const;

  it('transfers: each leg names the other', () => {
    const { events, counterpart } = decided(rich, commandOf('Transfer'), facts);
    expect(events).toEqual([sent]);
    expect(counterpart).toEqual({
      accountId: OTHER_ACCOUNT,
      events: [
        {
          type: 'TransferReceived',
          ...moved(100n),
          counterpart: { accountId: ACCOUNT, version: 3n },
          operationId: undefined,
        },
      ],
    });
  });

  const frozen = after(OPENED, deposited(1_000n), {
    type: 'AccountFrozen',
    debits: true,
    credits: false,
    reason: 'r',
  });
  const absent = { destinationAccountId: '55555555-5555-4555-8555-555555555555' };
  it.each([
    [
      'a closed one',
      after(OPENED, {
        type: 'AccountClosed',
        reason: 'r',
        counterpart: undefined,
      }),
      'ACCOUNT_CLOSED',
    ],
    ['a frozen one', frozen, 'ACCOUNT_NOT_FOUND'],
    ['one with too little', after(OPENED, deposited(99n)), 'ACCOUNT_NOT_FOUND'],
  ])('are both there before what the source allows counts: %s', (_name, source, reason) => {
    const decision = decide(source, commandOf('Transfer', absent), { ...NO_FACTS, ...facts });
    expect(decision).toMatchObject({ rejection: { reason } });
  });

  it('are not swept out of a frozen account, whatever else keeps it open', () => {
    const held = evolve(frozen, placed(1n));
    const sweep = commandOf('CloseAccount', { sweepTo: OTHER_ACCOUNT });
    const decision = decide(held, sweep, { ...NO_FACTS, ...facts });
    expect(decision).toMatchObject({ rejection: { reason: 'ACCOUNT_FROZEN' } });
    const close = decide(held, commandOf('CloseAccount'), { ...NO_FACTS, ...facts });
    expect(close).toMatchObject({ rejection: { reason: 'BALANCE_NOT_ZERO' } });
  });

  it('sweeps all that is there and closes', () => {
    const command = commandOf('CloseAccount', { sweepTo: OTHER_ACCOUNT });
    const { events, counterpart } = decided(rich, command, facts);
    expect(events).toEqual([
      { ...sent, amountMinor: 1_000n },
      { type: 'AccountClosed', reason: '', counterpart: sent.counterpart },
    ]);
    expect(counterpart?.events).toMatchObject([{ amountMinor: 1_000n }]);
  });

  it('sweeps nothing of an empty account', () => {
    const command = commandOf('CloseAccount', { sweepTo: OTHER_ACCOUNT });
    const { events, counterpart } = decided(after(OPENED), command, facts);
    expect(events).toEqual([{ type: 'AccountClosed', reason: '', counterpart: undefined }]);
    expect(counterpart).toBeUndefined();
  });

  it('undoes both legs of a transfer', () => {
    const state = evolve(rich, sent);
    const received = {
      type: 'TransferReceived',
      ...moved(100n),
      counterpart: { accountId: ACCOUNT, version: 3n },
      operationId: undefined,
    } as const;
    const operation = () => ({ version: 3n, event: sent, isReversed: false });
    const account = () => evolve(other, received);
    const counterpartAccountId = OTHER_ACCOUNT;
    const command = commandOf('ReverseOperation', { counterpartAccountId });
    const undone = decided(state, command, { account, operation });
    const byVersion = commandOf('ReverseEvent', { event: sent, reversedVersion: 3n });
    expect(decided(state, byVersion, { account })).toEqual(undone);
    const reversal = { type: 'OperationReversed', reversedVersion: 3n, reason: 'r' };
    expect(undone.events).toEqual([
      {
        ...reversal,
        balanceChangeMinor: 100n,
        counterpart: { accountId: OTHER_ACCOUNT, version: 4n },
      },
    ]);
    expect(undone.counterpart?.events).toEqual([
      { ...reversal, balanceChangeMinor: -100n, counterpart: { accountId: ACCOUNT, version: 4n } },
    ]);
  });
});

describe('a reversal', () => {
  it('does not see a transfer that came after its other account was asked for', () => {
    const counterpart = { accountId: OTHER_ACCOUNT, version: 3n };
    const event = { type: 'TransferSent', ...moved(100n), counterpart } as const;
    const operation = () => ({ version: 3n, event, isReversed: false });
    const decision = decide(evolve(rich, event), commandOf('ReverseOperation'), {
      ...NO_FACTS,
      operation,
    });
    expect(decision).toMatchObject({ rejection: { reason: 'OPERATION_NOT_FOUND' } });
  });

  const withdrawn = { type: 'MoneyWithdrawn', ...moved(30n) } as const;
  const captured = {
    type: 'HoldCaptured',
    holdId: HOLD,
    amountMinor: 30n,
    remainingMinor: 0n,
    releasedMinor: 0n,
    expiresAtMicros: undefined,
    reference: '',
  } as const;
  it.each([
    ['deposit', deposited(30n), -30n],
    ['withdrawal', withdrawn, 30n],
    ['capture', captured, 30n],
  ])('of a %s is an entry of the opposite amount', (_name, event, balanceChangeMinor) => {
    const operation = () => ({ version: 2n, event, isReversed: false });
    const reversal = { type: 'OperationReversed', reversedVersion: 2n, balanceChangeMinor };
    const undone = [{ ...reversal, reason: 'r', counterpart: undefined }];
    expect(decided(rich, commandOf('ReverseOperation'), { operation }).events).toEqual(undone);
    expect(decided(rich, commandOf('ReverseEvent', { event })).events).toEqual(undone);
  });

  it.each([
    ['of what moves no money', { event: OPENED }, {}, 'OPERATION_NOT_FOUND'],
    ['of what is undone', {}, { isReversed: () => true }, 'ALREADY_REVERSED'],
    ['of more than is there', { event: deposited(99_999n) }, {}, 'INSUFFICIENT_FUNDS'],
  ] as const)('by version is refused without a field: %s', (_name, content, given, reason) => {
    const command = commandOf('ReverseEvent', content);
    const decision = decide(rich, command, { ...NO_FACTS, ...given });
    expect(decision).toMatchObject({ accepted: false, rejection: { reason, field: '' } });
  });
});
