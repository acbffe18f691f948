/**
 * Step 3 of a batch, decide: base states and items in, events and refusals out, in item order, on
 * copies. Nothing here waits and nothing outside is changed: the same batch can be decided again on
 * newer states.
 */
import { decide } from '#domain/decide.ts';
import type { AccountEvents } from '#domain/decision.ts';
import { reject } from '#domain/rejection.ts';
import { THE_SERVICE } from '#platform/caller.ts';
import { WireWriter } from '#platform/wire-writer.ts';
import type { BaseStates } from './base-states.ts';
import type { KnownAccount } from './lane-states.ts';
import { operationKey } from './base-states.ts';
import { BatchFacts, type HoldChange, type OwnOperation, type Reversal } from './batch-facts.ts';
import type { BatchItem, CounterpartState, Executed, ItemDecision } from './batch-item.ts';
import { DECIDED_BYTES_MAX } from './bounds.ts';
import { DecisionSeals, type AccountKey } from './decision-seals.ts';
import { byAccountAndVersion } from './event-order.ts';
import { movedBy } from './moved-amount.ts';
import type { BatchKeys } from './owner-keys.ts';
import { repeatOf } from './replayed.ts';
import { OPENS_FOR_ANOTHER, opensForAnother, seenBy } from './seen-accounts.ts';
import {
  accountIn,
  stateAfter,
  type DecidedEvent,
  type EventPlace,
  type OwnExecuted,
  type Work,
} from './decided-events.ts';

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
  /** Of accounts that are opened, where texts are sealed. */
  readonly accountKeys: readonly AccountKey[];
  /** What it was made on, positions too. */
  readonly base: BaseStates;
};

const PAYLOAD_BYTES = 96;
/** What a record takes beside its event's bytes, at most. */
const RECORD_BYTES = 100;

/** `places`: where each item stands in its batch, when some left it. `keys`: to seal texts by. */
export function decideBatch(
  base: BaseStates,
  items: readonly BatchItem[],
  nowMicros: bigint,
  places?: readonly number[],
  keys?: BatchKeys,
): DecidedBatch {
  const work = startWork(base, items.length, nowMicros, keys);
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
    accountKeys: work.seals?.opened ?? [],
    base,
  };
}

function startWork(
  base: BaseStates,
  items: number,
  nowMicros: bigint,
  keys: BatchKeys | undefined,
): Work {
  const states = new Map<string, KnownAccount>();
  const operations = new Map<string, OwnExecuted>();
  const ownOperation = (key: string): OwnOperation | undefined => operations.get(key);
  const stateOf = (accountId: string) => seenBy(work.caller, accountIn(work, accountId)).state;
  const facts = new BatchFacts(nowMicros, base, ownOperation, stateOf);
  const payloads = new WireWriter(items * PAYLOAD_BYTES);
  const seals = keys && new DecisionSeals(keys);
  const made = { base, nowMicros, facts, states, operations, payloads, seals };
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
