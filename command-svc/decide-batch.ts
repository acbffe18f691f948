/**
 * Step 3 of a batch, decide: base states and items in, events and refusals out, in item order, on
 * copies. Nothing here waits and nothing outside is changed: the same batch can be decided again on
 * newer states.
 */
import type { Command, ExistingAccount } from '#domain/account.ts';
import { availableMinor, evolve } from '#domain/account.ts';
import { decide } from '#domain/decide.ts';
import { reject, type Rejection } from '#domain/rejection.ts';
import type { BaseAccount, BaseStates, KnownAccount } from './account-states.ts';
import { operationKey } from './account-states.ts';
import type { BatchItem, Receipt } from './batch-item.ts';
import { chainHash, type ChainedFacts } from './event-chain.ts';
import { encodeEvent, eventTypeOf, receiptState } from './event-codec.ts';

export type DecidedEvent = ChainedFacts & {
  readonly hash: Buffer;
  /** Undefined when the caller gave no operation id. */
  readonly contentHash: Uint8Array | undefined;
  readonly item: BatchItem;
  /** The item's place in the batch. */
  readonly commandNumber: number;
};

export type ItemDecision =
  | { readonly kind: 'accepted'; readonly receipt: Receipt }
  | { readonly kind: 'replayed'; readonly receipt: Receipt }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

export type DecidedBatch = {
  /** The positions that it was made on. */
  readonly known: bigint;
  readonly nowMicros: bigint;
  readonly events: readonly DecidedEvent[];
  /** One an item, in item order. */
  readonly decisions: readonly ItemDecision[];
  readonly newStates: ReadonlyMap<string, KnownAccount>;
};

type Operation = { readonly contentHash: Uint8Array; readonly receipt: Receipt };

type Work = {
  readonly base: BaseStates;
  readonly nowMicros: bigint;
  readonly states: Map<string, KnownAccount>;
  /** Operations that this batch executes itself. */
  readonly operations: Map<string, Operation>;
  readonly events: DecidedEvent[];
};

/** `places`: where each item stands in its batch, when some have left it. */
export function decideBatch(
  base: BaseStates,
  items: readonly BatchItem[],
  nowMicros: bigint,
  places?: readonly number[],
): DecidedBatch {
  const work: Work = {
    base,
    nowMicros,
    states: new Map(),
    operations: new Map(),
    events: [],
  };
  const decisions = items.map((item, at) => decideItem(work, item, places?.[at] ?? at));
  return {
    known: base.known,
    nowMicros,
    events: work.events,
    decisions,
    newStates: work.states,
  };
}

function decideItem(work: Work, item: BatchItem, commandNumber: number): ItemDecision {
  const { command } = item;
  if (command === undefined) {
    return {
      kind: 'rejected',
      rejection: item.invalid ?? reject('INVALID_ITEM', 'malformed item'),
    };
  }
  const earlier = earlierOperation(work, command);
  if (earlier !== undefined) return repeated(earlier, item);
  const account = work.states.get(command.accountId) ?? baseAccount(work, command.accountId);
  const decision = decide(account.state, command);
  if (!decision.accepted) return { kind: 'rejected', rejection: decision.rejection };

  const state = evolve(account.state, decision.event);
  const recordedAtMicros =
    work.nowMicros > account.recordedAtMicros ? work.nowMicros : account.recordedAtMicros;
  const facts: ChainedFacts = {
    accountId: command.accountId,
    version: state.version,
    type: eventTypeOf(decision.event),
    recordedAtMicros,
    operationId: command.operationId ?? '',
    payload: encodeEvent(decision.event, state),
  };
  const hash = chainHash(account.hash, facts);
  const contentHash = command.operationId === undefined ? undefined : item.contentHash;
  work.events.push({ ...facts, hash, contentHash, item, commandNumber });
  work.states.set(command.accountId, { state, hash, recordedAtMicros });
  const receipt = receiptOf(command.accountId, facts.operationId, state, work.nowMicros, false);
  if (command.operationId !== undefined) {
    const { accountId, operationId } = command;
    work.operations.set(operationKey({ accountId, operationId }), {
      contentHash: item.contentHash,
      receipt,
    });
  }
  return { kind: 'accepted', receipt };
}

function baseAccount(work: Work, accountId: string): BaseAccount {
  const account = work.base.accounts.get(accountId);
  if (account === undefined) throw new Error(`account ${accountId} was not loaded`);
  return account;
}

/** An operation decided earlier in this batch counts as found. */
function earlierOperation(work: Work, command: Command): Operation | undefined {
  const { accountId, operationId } = command;
  if (operationId === undefined) return undefined;
  const key = operationKey({ accountId, operationId });
  const ownOperation = work.operations.get(key);
  if (ownOperation !== undefined) return ownOperation;
  const stored = work.base.operations.get(key);
  if (stored === undefined) return undefined;
  const state = receiptState(stored.payload, stored.version);
  const receipt = receiptOf(accountId, operationId, state, stored.recordedAtMicros, true);
  return { contentHash: stored.contentHash, receipt };
}

function repeated(earlier: Operation, item: BatchItem): ItemDecision {
  if (Buffer.compare(earlier.contentHash, item.contentHash) === 0) {
    return { kind: 'replayed', receipt: { ...earlier.receipt, replayed: true } };
  }
  const { accountId, operationId } = earlier.receipt;
  const operation = `operation ${operationId} of account ${accountId}`;
  const message = `${operation} was executed with other content`;
  return { kind: 'rejected', rejection: reject('OPERATION_ID_REUSED', message, 'operation_id') };
}

export function receiptOf(
  accountId: string,
  operationId: string,
  state: ExistingAccount,
  storedAtMicros: bigint,
  replayed: boolean,
): Receipt {
  return {
    accountId,
    operationId,
    version: state.version,
    currencyCode: state.currencyCode,
    balanceMinor: state.balanceMinor,
    availableMinor: availableMinor(state),
    replayed,
    storedAtMicros,
  };
}
