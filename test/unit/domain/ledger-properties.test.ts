/**
 * What must hold whatever is asked of a few accounts, in whatever order and time: balances are the
 * sums of what was moved and add up over all accounts, nothing falls below what may be drawn,
 * versions are dense, holds add up, and a replay of the stored bytes gives the state that is
 * carried. Commands are generated; what is executed of them is kept as a real ledger would.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { availableMinor, evolve, NO_ACCOUNT, type AccountState } from '#domain/account.ts';
import type { Command } from '#domain/commands.ts';
import { decide } from '#domain/decide.ts';
import type { Decision, ExecutedOperation } from '#domain/decision.ts';
import type { AccountEvent } from '#domain/events.ts';
import { endOf, isHoldEvent, type HoldEnd } from '#domain/holds.ts';
import { addChecked, MINOR_UNITS_MAX } from '#domain/money.ts';
import { encodeEvent, replay } from '../../../command-svc/event-codec.ts';
import { commandOf } from '#test/support/commands.ts';

const RUNS = 400;
const ACCOUNTS = 3;
const OPENING_MINOR = 300n;
const idOf = (kind: number, n: number): string =>
  `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const accountIdOf = (n: number): string => idOf(1, n);

/** The life of a few accounts: what a store would keep, and nothing else. */
class Ledger {
  readonly states = new Map<string, AccountState>();
  readonly payloads = new Map<string, Uint8Array[]>();
  readonly moved = new Map<string, bigint>();
  readonly #ended = new Map<string, HoldEnd>();
  readonly #operations = new Map<string, Omit<ExecutedOperation, 'isReversed'>>();
  readonly #reversed = new Set<string>();

  stateOf(accountId: string): AccountState {
    return this.states.get(accountId) ?? NO_ACCOUNT;
  }

  /** The command at a hold that is open, or an operation that was executed, when there is any. */
  aimed(command: Command, aim: number): Command {
    const { accountId } = command;
    const state = this.stateOf(accountId);
    if (command.type === 'CaptureHold' || command.type === 'ReleaseHold') {
      const holds = state.status === 'none' ? [] : state.openHolds;
      return { ...command, holdId: holds[aim % (holds.length || 1)]?.holdId ?? command.holdId };
    }
    if (command.type !== 'ReverseOperation') return command;
    const keys = [...this.#operations.keys()].filter((key) => key.startsWith(accountId));
    const reversedOperationId = keys[aim % (keys.length || 1)]?.slice(accountId.length);
    return reversedOperationId === undefined ? command : { ...command, reversedOperationId };
  }

  execute(command: Command, nowMicros: bigint): Decision {
    const { accountId } = command;
    const decision = decide(this.stateOf(accountId), command, {
      nowMicros,
      endedHold: (account, holdId) => this.#ended.get(account + holdId),
      operation: (account, operationId) => {
        const found = this.#operations.get(account + operationId);
        if (found === undefined) return undefined;
        return { ...found, isReversed: this.#reversed.has(`${account}${found.version}`) };
      },
      account: (id) => this.stateOf(id),
    });
    if (!decision.accepted) return decision;
    for (const event of decision.events) this.#store(accountId, event);
    const { counterpart } = decision;
    for (const event of counterpart?.events ?? []) this.#store(counterpart?.accountId ?? '', event);
    const { operationId } = command;
    const event = decision.events.at(-1);
    if (operationId !== undefined && event !== undefined) {
      const { version } = this.stateOf(accountId);
      this.#operations.set(accountId + operationId, { version, event });
    }
    return decision;
  }

  #store(accountId: string, event: AccountEvent): void {
    const state = evolve(this.stateOf(accountId), event);
    this.states.set(accountId, state);
    const payloads = this.payloads.get(accountId) ?? [];
    this.payloads.set(accountId, [...payloads, encodeEvent(event, state)]);
    this.moved.set(accountId, (this.moved.get(accountId) ?? 0n) + changeOf(event));
    if (event.type === 'OperationReversed') {
      const key = `${accountId}${event.reversedVersion}`;
      if (this.#reversed.has(key)) throw new Error(`${key} was undone twice`);
      this.#reversed.add(key);
    }
    const end = isHoldEvent(event) ? endOf(event) : undefined;
    if (isHoldEvent(event) && end !== undefined) this.#ended.set(accountId + event.holdId, end);
  }
}

/** What an entry of the event says, told apart from evolve. */
function changeOf(event: AccountEvent): bigint {
  if (event.type === 'OperationReversed') return event.balanceChangeMinor;
  const isCredit = event.type === 'MoneyDeposited' || event.type === 'TransferReceived';
  if (isCredit) return event.amountMinor;
  const isDebit =
    event.type === 'MoneyWithdrawn' ||
    event.type === 'TransferSent' ||
    event.type === 'HoldCaptured';
  return isDebit ? -event.amountMinor : 0n;
}

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
function of<Type extends Command['type']>(
  type: Type,
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
