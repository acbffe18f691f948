/**
 * What a decision may ask beside its account's state: what was read before the batch was decided,
 * and what the batch itself has decided so far. Of holds and reversals it also keeps what the
 * append must store.
 */
import type { AccountState, ExistingAccount } from '#domain/account.ts';
import type { ExecutedOperation, Facts } from '#domain/decision.ts';
import type { AccountEvent } from '#domain/events.ts';
import { endOf, findHold, isHoldEvent, type HoldEnd, type HoldEvent } from '#domain/holds.ts';
import { operationKey, reversalKey, type BaseStates } from './base-states.ts';
import { decodeEvent } from './event-codec.ts';

/** What a batch makes of one hold, at its end. */
export type HoldChange = {
  readonly accountId: string;
  readonly holdId: string;
  /** Version of its HoldPlaced, when this batch placed it. */
  readonly placedVersion: bigint | undefined;
  readonly remainingMinor: bigint;
  readonly expiresAtMicros: bigint | undefined;
  /** Undefined: it is open. */
  readonly end: HoldEnd | undefined;
};

/** An event that is undone, and by which. */
export type Reversal = {
  readonly accountId: string;
  readonly reversedVersion: bigint;
  readonly version: bigint;
};

/** The event of an operation that this batch executes. */
export type OwnOperation = { readonly version: bigint; readonly event: AccountEvent };

export class BatchFacts implements Facts {
  readonly nowMicros: bigint;
  /** By account and hold. */
  readonly holds = new Map<string, HoldChange>();
  /** By account and reversed version. */
  readonly reversals = new Map<string, Reversal>();
  readonly #base: BaseStates;
  readonly #ownOperation: (key: string) => OwnOperation | undefined;
  readonly #stateOf: (accountId: string) => AccountState;

  constructor(
    nowMicros: bigint,
    base: BaseStates,
    ownOperation: (key: string) => OwnOperation | undefined,
    stateOf: (accountId: string) => AccountState,
  ) {
    this.nowMicros = nowMicros;
    this.#base = base;
    this.#ownOperation = ownOperation;
    this.#stateOf = stateOf;
  }

  endedHold(accountId: string, holdId: string): HoldEnd | undefined {
    const key = accountId + holdId;
    return this.holds.get(key)?.end ?? this.#base.endedHolds.get(key);
  }

  operation(accountId: string, operationId: string): ExecutedOperation | undefined {
    const key = operationKey({ accountId, operationId });
    const stored = this.#base.operations.get(key);
    const executed =
      stored === undefined
        ? this.#ownOperation(key)
        : { version: stored.version, event: decodeEvent(stored.payload).event };
    if (executed === undefined) return undefined;
    return { ...executed, isReversed: this.isReversed(accountId, executed.version) };
  }

  isReversed(accountId: string, version: bigint): boolean {
    const key = reversalKey(accountId, version);
    return this.reversals.has(key) || this.#base.reversed.has(key);
  }

  account(accountId: string): AccountState {
    return this.#stateOf(accountId);
  }

  /** An event is decided; `after`: the account right after it. */
  note(accountId: string, event: AccountEvent, after: ExistingAccount): void {
    if (isHoldEvent(event)) this.#noteHold(accountId, event, after);
    if (event.type !== 'OperationReversed') return;
    const { reversedVersion } = event;
    const reversal = { accountId, reversedVersion, version: after.version };
    this.reversals.set(reversalKey(accountId, reversedVersion), reversal);
  }

  #noteHold(accountId: string, event: HoldEvent, after: ExistingAccount): void {
    const { holdId } = event;
    const key = accountId + holdId;
    const left = findHold(after, holdId);
    const isPlaced = event.type === 'HoldPlaced';
    this.holds.set(key, {
      accountId,
      holdId,
      placedVersion: isPlaced ? after.version : this.holds.get(key)?.placedVersion,
      remainingMinor: left?.remainingMinor ?? 0n,
      expiresAtMicros: left?.expiresAtMicros,
      end: endOf(event),
    });
  }
}
