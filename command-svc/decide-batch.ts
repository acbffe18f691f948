/**
 * Step 3 of a batch, decide: base states and items in, events and refusals out, in item order, on
 * copies. Nothing here waits and nothing outside is changed: the same batch can be decided again on
 * newer states.
 */
import { evolve } from '#domain/account.ts';
import { decide } from '#domain/decide.ts';
import { reject } from '#domain/rejection.ts';
import { WireWriter } from '#platform/wire-writer.ts';
import type { EventType } from '#proto/bank/event/v1/events.ts';
import type { AccountOperation, BaseStates } from './account-states.ts';
import type { BaseAccount, KnownAccount } from './lane-states.ts';
import { operationKey } from './account-states.ts';
import type { BatchItem, Executed, ItemDecision } from './batch-item.ts';
import { sameContentHash } from './content-hash.ts';
import { chainHash } from './event-chain.ts';
import { eventTypeOf, receiptState } from './event-codec.ts';
import { writeEvent } from './event-writer.ts';

export type DecidedEvent = {
  readonly accountId: string;
  readonly type: EventType;
  /** The account right after it: version, chain hash, time. */
  readonly after: KnownAccount;
  /** Its bytes: from start to end of the batch's payloads. */
  readonly start: number;
  readonly end: number;
  readonly item: BatchItem;
  /** The item's place in the batch. */
  readonly commandNumber: number;
};

export type DecidedBatch = {
  readonly nowMicros: bigint;
  /**
   * By account, and in the order of their versions: so that all that stores them, here and in the
   * projection, meets index pages and locks in one order.
   */
  readonly events: readonly DecidedEvent[];
  /** The bytes of all events, one after the other. */
  readonly payloads: Uint8Array;
  /** One an item, in item order. */
  readonly decisions: readonly ItemDecision[];
  readonly newStates: ReadonlyMap<string, KnownAccount>;
  /** What it was made on, positions too. */
  readonly base: BaseStates;
};

type Work = {
  readonly base: BaseStates;
  readonly nowMicros: bigint;
  readonly states: Map<string, KnownAccount>;
  /** Operations that this batch executes itself, by operationKey. */
  readonly operations: Map<string, { readonly contentHash: string; readonly executed: Executed }>;
  readonly events: DecidedEvent[];
  readonly payloads: WireWriter;
};

const PAYLOAD_BYTES = 96;

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
    payloads: new WireWriter(items.length * PAYLOAD_BYTES),
  };
  const decisions = items.map((item, at) => decideItem(work, item, places?.[at] ?? at));
  return {
    nowMicros,
    events: work.events.sort(byAccountAndVersion),
    payloads: work.payloads.finish(),
    decisions,
    newStates: work.states,
    base,
  };
}

function decideItem(work: Work, item: BatchItem, commandNumber: number): ItemDecision {
  const { command } = item;
  if (command === undefined) {
    const rejection = item.invalid ?? reject('INVALID_ITEM', 'malformed item');
    return { kind: 'rejected', rejection };
  }
  const { accountId, operationId } = command;
  if (operationId !== undefined) {
    const earlier = earlierOperation(work, item.contentHash, { accountId, operationId });
    if (earlier !== undefined) return earlier;
  }
  const account = work.states.get(accountId) ?? baseAccount(work, accountId);
  const decision = decide(account.state, command);
  if (!decision.accepted) return { kind: 'rejected', rejection: decision.rejection };

  const state = evolve(account.state, decision.event);
  const { payloads, nowMicros } = work;
  const start = payloads.length;
  writeEvent(payloads, decision.event, state);
  const end = payloads.length;
  const type = eventTypeOf(decision.event);
  const { idBytes } = account;
  const recordedAtMicros =
    nowMicros > account.recordedAtMicros ? nowMicros : account.recordedAtMicros;
  const { version } = state;
  const facts = { accountBytes: idBytes, version, type, recordedAtMicros, operationId };
  const hash = chainHash(account.hash, facts, payloads.buffer, start, end);
  const after: KnownAccount = { idBytes, state, hash, recordedAtMicros };
  work.states.set(accountId, after);
  work.events.push({ accountId, type, after, start, end, item, commandNumber });
  const executed: Executed = { kind: 'accepted', after: state, storedAtMicros: nowMicros };
  if (operationId !== undefined) {
    const { contentHash } = item;
    work.operations.set(operationKey({ accountId, operationId }), { contentHash, executed });
  }
  return executed;
}

function byAccountAndVersion(a: DecidedEvent, b: DecidedEvent): number {
  if (a.accountId !== b.accountId) return a.accountId < b.accountId ? -1 : 1;
  return a.start - b.start;
}

function baseAccount(work: Work, accountId: string): BaseAccount {
  const account = work.base.accounts.get(accountId);
  if (account === undefined) throw new Error(`account ${accountId} was not loaded`);
  return account;
}

/** Undefined for a new operation. One decided earlier in this batch counts as found. */
function earlierOperation(
  work: Work,
  contentHash: string,
  operation: AccountOperation,
): ItemDecision | undefined {
  const key = operationKey(operation);
  const own = work.operations.get(key);
  if (own !== undefined) {
    if (own.contentHash !== contentHash) return reused(operation);
    return { ...own.executed, kind: 'replayed' };
  }
  const stored = work.base.operations.get(key);
  if (stored === undefined) return undefined;
  if (!sameContentHash(contentHash, stored.contentHash)) return reused(operation);
  const after = receiptState(stored.payload, stored.version);
  return { kind: 'replayed', after, storedAtMicros: stored.recordedAtMicros };
}

function reused({ accountId, operationId }: AccountOperation): ItemDecision {
  const operation = `operation ${operationId} of account ${accountId}`;
  const message = `${operation} was executed with other content`;
  return { kind: 'rejected', rejection: reject('OPERATION_ID_REUSED', message, 'operation_id') };
}
