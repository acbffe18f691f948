/**
 * A ledger in memory: decides, and keeps of it what a store would keep (events as bytes, states,
 * how holds have ended, what is undone), with the sums that properties are checked against.
 */
import { evolve, NO_ACCOUNT, type AccountState } from '#domain/account.ts';
import type { Command } from '#domain/commands.ts';
import { decide } from '#domain/decide.ts';
import type { Decision, ExecutedOperation } from '#domain/decision.ts';
import type { AccountEvent } from '#domain/events.ts';
import { endOf, isHoldEvent, type HoldEnd } from '#domain/holds.ts';
import { encodeEvent } from '../../../command-svc/event-codec.ts';

/** The life of a few accounts: what a store would keep, and nothing else. */
export class Ledger {
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
    if (reversedOperationId === undefined) return command;
    const event = this.#operations.get(accountId + reversedOperationId)?.event;
    const isTransfer = event?.type === 'TransferSent';
    const counterpartAccountId = isTransfer ? event.counterpart.accountId : undefined;
    return { ...command, reversedOperationId, counterpartAccountId };
  }

  execute(command: Command, nowMicros: bigint): Decision {
    const { accountId } = command;
    const decision = decide(this.stateOf(accountId), command, {
      nowMicros,
      endedHold: (account, holdId) => this.#ended.get(account + holdId),
      operation: (account, operationId) => {
        const found = this.#operations.get(account + operationId);
        if (found === undefined) return undefined;
        return { ...found, isReversed: this.#isReversed(account, found.version) };
      },
      isReversed: (account, version) => this.#isReversed(account, version),
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

  #isReversed(account: string, version: bigint): boolean {
    return this.#reversed.has(`${account}${version}`);
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
export function changeOf(event: AccountEvent): bigint {
  if (event.type === 'OperationReversed') return event.balanceChangeMinor;
  const isCredit = event.type === 'MoneyDeposited' || event.type === 'TransferReceived';
  if (isCredit) return event.amountMinor;
  const isDebit =
    event.type === 'MoneyWithdrawn' ||
    event.type === 'TransferSent' ||
    event.type === 'HoldCaptured';
  return isDebit ? -event.amountMinor : 0n;
}
