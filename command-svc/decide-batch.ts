/**
 * Step 3 of a batch, decide: base states and items in, events and refusals out, in item order, on
 * copies. Nothing here waits and nothing outside is changed: the same batch can be decided again on
 * newer states.
 */
import { evolve, type ExistingAccount } from '#domain/account.ts';
import { decide } from '#domain/decide.ts';
import type { AccountEvents } from '#domain/decision.ts';
import type { AccountEvent } from '#domain/events.ts';
import { reject } from '#domain/rejection.ts';
import { THE_SERVICE, type Caller } from '#platform/caller.ts';
import { WireWriter } from '#platform/wire-writer.ts';
import type { EventType } from '#proto/bank/event/v1/events.ts';
import type { BaseStates } from './base-states.ts';
import type { BaseAccount, KnownAccount } from './lane-states.ts';
import { operationKey } from './base-states.ts';
import { BatchFacts, type HoldChange, type OwnOperation, type Reversal } from './batch-facts.ts';
import type { BatchItem, CounterpartState, Executed, ItemDecision } from './batch-item.ts';
import { DECIDED_BYTES_MAX } from './bounds.ts';
import { eventTypeOf } from './event-body-encoder.ts';
import { chainHash } from './event-chain.ts';
import { byAccountAndVersion } from './event-order.ts';
import { movedBy } from './moved-amount.ts';
import { repeatOf } from './replayed.ts';
import { holderAfter, OPENS_FOR_ANOTHER, opensForAnother, seenBy } from './seen-accounts.ts';
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
  /** On an operation's last event in its account, where the caller gave an operation id. */
  readonly operationId: string | undefined;
  /** False: it came with the item and is not its own, as the end of a hold that has passed. */
  readonly isOfItem: boolean;
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
  /** One an item, in item order; fewer than items: the rest does not fit into one row. */
  readonly decisions: readonly ItemDecision[];
  readonly newStates: ReadonlyMap<string, KnownAccount>;
  readonly holds: readonly HoldChange[];
  readonly reversals: readonly Reversal[];
  /** What it was made on, positions too. */
  readonly base: BaseStates;
};

type OwnExecuted = OwnOperation & { readonly contentHash: string; readonly executed: Executed };

type Work = {
  readonly base: BaseStates;
  readonly nowMicros: bigint;
  readonly facts: BatchFacts;
  readonly states: Map<string, KnownAccount>;
  /** Operations that this batch executes itself, by operationKey. */
  readonly operations: Map<string, OwnExecuted>;
  readonly events: DecidedEvent[];
  readonly payloads: WireWriter;
  /** Of the item in hand. */
  caller: Caller;
};

const PAYLOAD_BYTES = 96;
/** What a record takes beside its event's bytes, at most. */
const RECORD_BYTES = 100;

/** `places`: where each item stands in its batch, when some have left it. */
export function decideBatch(
  base: BaseStates,
  items: readonly BatchItem[],
  nowMicros: bigint,
  places?: readonly number[],
): DecidedBatch {
  const work = startWork(base, items.length, nowMicros);
  const decisions: ItemDecision[] = [];
  for (const [at, item] of items.entries()) {
    if (work.payloads.length + work.events.length * RECORD_BYTES > DECIDED_BYTES_MAX) break;
    decisions.push(decideItem(work, item, places?.[at] ?? at));
  }
  return {
    nowMicros,
    events: work.events.sort(byAccountAndVersion),
    payloads: work.payloads.finish(),
    decisions,
    newStates: work.states,
    holds: [...work.facts.holds.values()],
    reversals: [...work.facts.reversals.values()],
    base,
  };
}

function startWork(base: BaseStates, items: number, nowMicros: bigint): Work {
  const states = new Map<string, KnownAccount>();
  const operations = new Map<string, OwnExecuted>();
  const ownOperation = (key: string): OwnOperation | undefined => operations.get(key);
  const stateOf = (accountId: string) => seenBy(work.caller, accountIn(work, accountId)).state;
  const facts = new BatchFacts(nowMicros, base, ownOperation, stateOf);
  const payloads = new WireWriter(items * PAYLOAD_BYTES);
  const made = { base, nowMicros, facts, states, operations, payloads };
  const work: Work = { ...made, events: [], caller: THE_SERVICE };
  return work;
}

function decideItem(work: Work, item: BatchItem, commandNumber: number): ItemDecision {
  const { command } = item;
  if (command === undefined) {
    const rejection = item.invalid ?? reject('INVALID_ITEM', 'malformed item');
    return { kind: 'rejected', rejection };
  }
  const { accountId, operationId } = command;
  const { caller } = item.origin;
  work.caller = caller;
  const there = accountIn(work, accountId);
  const account = seenBy(caller, there);
  if (operationId !== undefined && account === there) {
    const operation = { accountId, operationId };
    const key = operationKey(operation);
    // One decided earlier in this batch counts as found.
    const own = work.operations.get(key);
    const earlier = repeatOf(item.contentHash, operation, own, work.base.operations.get(key));
    if (earlier !== undefined) return earlier;
  }
  if (opensForAnother(caller, command)) return OPENS_FOR_ANOTHER;
  // An id that is taken is taken, whoever has it.
  const { state: before } = command.type === 'OpenAccount' ? there : account;
  const decision = decide(before, command, work.facts);
  if (!decision.accepted) return { kind: 'rejected', rejection: decision.rejection };

  const { events } = decision;
  const place = { item, commandNumber, operationId, isOwn: true };
  const state = stateAfter(work, account, accountId, events, place);
  const event = events.at(-1);
  const executed: Executed = {
    kind: 'accepted',
    after: state,
    event,
    counterpart: counterpartAfter(work, decision.counterpart, place),
    movedMinor: movedBy(events),
    storedAtMicros: work.states.get(accountId)?.recordedAtMicros ?? work.nowMicros,
  };
  if (operationId !== undefined && event !== undefined) {
    const { contentHash } = item;
    const own = { contentHash, executed, version: state.version, event };
    work.operations.set(operationKey({ accountId, operationId }), own);
  }
  return executed;
}

type EventPlace = Pick<DecidedEvent, 'item' | 'commandNumber' | 'operationId'> & {
  /** False: the events are of the command's other account. */
  readonly isOwn: boolean;
};

function counterpartAfter(
  work: Work,
  events: AccountEvents | undefined,
  place: EventPlace,
): CounterpartState | undefined {
  if (events === undefined) return undefined;
  const { accountId } = events;
  const there = { ...place, operationId: undefined, isOwn: false };
  const before = accountIn(work, accountId);
  return { accountId, after: stateAfter(work, before, accountId, events.events, there) };
}

/** Adds the events; answers the account after them. */
function stateAfter(
  work: Work,
  before: BaseAccount,
  accountId: string,
  events: readonly AccountEvent[],
  place: EventPlace,
): ExistingAccount {
  const last = events.length - 1;
  let account = before;
  for (let at = 0; at <= last; at++) {
    const event = events[at];
    if (event === undefined) continue;
    account = addEvent(work, account, accountId, event, place, at === last);
  }
  const { state } = account;
  if (state.status === 'none') throw new Error(`account ${accountId} is still not there`);
  return state;
}

/** Deposits come in bulk: nothing is copied here that need not be. */
function addEvent(
  work: Work,
  before: BaseAccount,
  accountId: string,
  event: AccountEvent,
  { item, commandNumber, operationId: given, isOwn }: EventPlace,
  isLast: boolean,
): KnownAccount {
  const state = evolve(before.state, event);
  const { payloads, nowMicros } = work;
  const start = payloads.length;
  writeEvent(payloads, event, state);
  const end = payloads.length;
  const type = eventTypeOf(event);
  const { idBytes } = before;
  const recordedAtMicros =
    nowMicros > before.recordedAtMicros ? nowMicros : before.recordedAtMicros;
  const { version } = state;
  const operationId = isLast ? given : undefined;
  const facts = { accountBytes: idBytes, version, type, recordedAtMicros, operationId };
  const hash = chainHash(before.hash, facts, payloads.buffer, start, end);
  const holder = before.holder ?? holderAfter(event);
  const after: KnownAccount = { idBytes, state, hash, recordedAtMicros, holder };
  work.states.set(accountId, after);
  const isOfItem = isOwn && event.type !== 'HoldExpired';
  work.events.push({
    accountId,
    type,
    after,
    start,
    end,
    item,
    commandNumber,
    operationId,
    isOfItem,
  });
  if (event.type !== 'MoneyDeposited') work.facts.note(accountId, event, state);
  return after;
}

/** As the batch has left it so far. */
function accountIn(
  { states, base }: Pick<Work, 'states' | 'base'>,
  accountId: string,
): BaseAccount {
  const account = states.get(accountId) ?? base.accounts.get(accountId);
  if (account === undefined) throw new Error(`account ${accountId} was not loaded`);
  return account;
}
