/**
 * The events of a batch as they are decided: each on its account as the batch has left it so far,
 * written behind those before it, and chained to the one before it in its account.
 */
import { evolve, type ExistingAccount } from '#domain/account.ts';
import type { AccountEvent } from '#domain/events.ts';
import type { Caller } from '#platform/caller.ts';
import type { WireWriter } from '#platform/wire-writer.ts';
import type { EventType } from '#proto/bank/event/v1/events.ts';
import type { BaseStates } from './base-states.ts';
import type { BatchFacts, OwnOperation } from './batch-facts.ts';
import type { BatchItem, Executed } from './batch-item.ts';
import type { DecisionSeals } from './decision-seals.ts';
import { eventTypeOf } from './event-body-encoder.ts';
import { chainHash } from './event-chain.ts';
import { writeEvent } from './event-writer.ts';
import type { BaseAccount, KnownAccount } from './lane-states.ts';
import { holderAfter } from './seen-accounts.ts';

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

export type EventPlace = Pick<DecidedEvent, 'item' | 'commandNumber' | 'operationId'> & {
  /** False: the events are of the command's other account. */
  readonly isOwn: boolean;
};

type Execution = { readonly contentHash: string; readonly executed: Executed };
export type OwnExecuted = OwnOperation & Execution;

/** A batch that is being decided. */
export type Work = {
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
  readonly seals: DecisionSeals | undefined;
};

/** Adds the events; answers the account after them. */
export function stateAfter(
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
  writeEvent(payloads, event, state, work.seals?.sealOf(event, accountId, before, state));
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
export function accountIn(
  { states, base }: Pick<Work, 'states' | 'base'>,
  accountId: string,
): BaseAccount {
  const account = states.get(accountId) ?? base.accounts.get(accountId);
  if (account === undefined) throw new Error(`account ${accountId} was not loaded`);
  return account;
}
