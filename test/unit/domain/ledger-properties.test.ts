/**
 * What must hold whatever is asked of a few accounts, in whatever order and time: balances are the
 * sums of what was moved and add up over all accounts, nothing falls below what may be drawn,
 * versions are dense, holds add up, and a replay of the stored bytes gives the state that is
 * carried. Commands are generated; what is executed of them is kept as a real ledger would.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { availableMinor, NO_ACCOUNT, type AccountState } from '#domain/account.ts';
import type { Command } from '#domain/commands.ts';
import type { Decision } from '#domain/decision.ts';
import { addChecked, MINOR_UNITS_MAX } from '#domain/money.ts';
import { replay } from '../../../command-svc/event-codec.ts';
import { commandOf } from '#test/support/commands.ts';
import { changeOf, Ledger } from './kept-ledger.ts';

const RUNS = 400;
const ACCOUNTS = 3;
const OPENING_MINOR = 300n;
const idOf = (kind: number, n: number): string =>
  `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const accountIdOf = (n: number): string => idOf(1, n);

const amountMinor = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: 1n, max: 200n }) },
  { weight: 1, arbitrary: fc.constantFrom(MINOR_UNITS_MAX, MINOR_UNITS_MAX - 100n) },
);
const limit = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 300n }), amountMinor);
const accountId = fc.nat(ACCOUNTS - 1).map(accountIdOf);
const holdId = fc.nat(40).map((n) => idOf(2, n));
const operationId = fc.option(
  fc.nat(7).map((n) => idOf(3, n)),
  { nil: undefined },
);
const reversedOperationId = fc.nat(7).map((n) => idOf(3, n));
const expiresAtMicros = fc.option(fc.bigInt({ min: 1n, max: 100n }), { nil: undefined });
const target = { accountId, operationId };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: of('Deposit', { ...target, amountMinor }) },
  { weight: 3, arbitrary: of('Withdraw', { ...target, amountMinor }) },
  {
    weight: 4,
    arbitrary: of('Transfer', { ...target, amountMinor, destinationAccountId: accountId }),
  },
  { weight: 4, arbitrary: of('PlaceHold', { ...target, amountMinor, holdId, expiresAtMicros }) },
  {
    weight: 4,
    arbitrary: of('CaptureHold', {
      ...target,
      holdId,
      releaseRest: fc.boolean(),
      amount: fc.option(
        amountMinor.map((minor) => ({ currencyCode: 'EUR', minor })),
        { nil: undefined },
      ),
    }),
  },
  { weight: 1, arbitrary: of('ReleaseHold', { ...target, holdId }) },
  { weight: 1, arbitrary: of('ExpireHolds', { accountId }) },
  { weight: 2, arbitrary: of('SetOverdraftLimit', { ...target, overdraftLimitMinor: limit }) },
  { weight: 1, arbitrary: of('FreezeAccount', { ...target, debits: fc.boolean() }) },
  { weight: 2, arbitrary: of('UnfreezeAccount', target) },
  { weight: 4, arbitrary: of('ReverseOperation', { ...target, reversedOperationId }) },
  {
    weight: 1,
    arbitrary: of('CloseAccount', { ...target, sweepTo: fc.option(accountId, { nil: undefined }) }),
  },
);

/** Commands of a type, with some of its fields generated. */
function of(
  type: Command['type'],
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<Command> {
  return fc.record(fields).map((content): Command => ({ ...commandOf(type), ...content }));
}

/** `aim`: mostly, a command that names a hold or an operation names one that is there. */
const step = fc.record({
  command,
  passes: fc.bigInt({ min: 0n, max: 8n }),
  aim: fc.option(fc.nat(9), { nil: undefined, freq: 5 }),
});
const life = fc.array(step, { minLength: 1, maxLength: 60 });

describe('a ledger', () => {
  it('keeps its promises whatever is asked of it', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(life, (steps) => {
        const ledger = openedLedger();
        let nowMicros = 1n;
        let outsideMinor = OPENING_MINOR * BigInt(ACCOUNTS);
        for (const { command: generated, passes, aim } of steps) {
          nowMicros += passes;
          const asked = aim === undefined ? generated : ledger.aimed(generated, aim);
          const isSelfSweep = asked.type === 'CloseAccount' && asked.sweepTo === asked.accountId;
          if (isSelfSweep) continue; // refused by the rules of the request
          const decision = ledger.execute(asked, nowMicros);
          const outcome = decision.accepted ? 'accepted' : decision.rejection.reason;
          seen.set(`${asked.type} ${outcome}`, (seen.get(`${asked.type} ${outcome}`) ?? 0) + 1);
          if (decision.accepted) outsideMinor += moneyIn(decision);
          checkAll(ledger, decision, asked);
        }
        const total = [...ledger.states.values()].reduce(
          (sum, state) => sum + balanceOf(state),
          0n,
        );
        expect(total).toBe(outsideMinor);
      }),
      { numRuns: RUNS },
    );
    for (const accepted of ACCEPTED_TYPES)
      expect([...seen.keys()]).toContain(`${accepted} accepted`);
  });
});

const ACCEPTED_TYPES = [
  'Deposit',
  'Withdraw',
  'Transfer',
  'PlaceHold',
  'CaptureHold',
  'ReleaseHold',
  'ExpireHolds',
  'SetOverdraftLimit',
  'FreezeAccount',
  'UnfreezeAccount',
  'ReverseOperation',
  'CloseAccount',
];

function openedLedger(): Ledger {
  const ledger = new Ledger();
  for (let n = 0; n < ACCOUNTS; n++) {
    const accountId = accountIdOf(n);
    ledger.execute(commandOf('OpenAccount', { accountId }), 1n);
    ledger.execute(commandOf('Deposit', { accountId, amountMinor: OPENING_MINOR }), 1n);
  }
  return ledger;
}

const balanceOf = (state: AccountState): bigint =>
  state.status === 'none' ? 0n : state.balanceMinor;

/** What came in from outside: the legs of a transfer cancel each other out. */
function moneyIn(decision: Decision): bigint {
  if (!decision.accepted) return 0n;
  const events = [...decision.events, ...(decision.counterpart?.events ?? [])];
  return events.reduce((sum, event) => sum + changeOf(event), 0n);
}

function checkAll(ledger: Ledger, decision: Decision, asked: Command): void {
  for (const [id, state] of ledger.states) {
    if (state.status === 'none') continue;
    const payloads = ledger.payloads.get(id) ?? [];
    expect(state.version).toBe(BigInt(payloads.length));
    expect(state.balanceMinor).toBe(ledger.moved.get(id));
    expect(state.heldMinor).toBe(
      state.openHolds.reduce((sum, { remainingMinor }) => sum + remainingMinor, 0n),
    );
    const available = availableMinor(state);
    expect(available >= 0n).toBe(true);
    expect(addChecked(available + state.heldMinor, 0n)).toBeDefined();
    if (state.status === 'closed') expect([state.balanceMinor, state.heldMinor]).toEqual([0n, 0n]);
  }
  if (!decision.accepted) return;
  for (const id of [asked.accountId, decision.counterpart?.accountId ?? asked.accountId]) {
    expect(replay(NO_ACCOUNT, ledger.payloads.get(id) ?? [])).toEqual(ledger.stateOf(id));
  }
}
