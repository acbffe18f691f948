/**
 * A record of the log as the checker sees it: decoded by the contract of the stored messages alone,
 * and told what it does to its account. Shares no code with the services.
 */
import type { EventBatch, EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { AccountStatus, type Event } from '#proto/bank/event/v1/events.ts';
import type { Place } from '#test/support/closed-versions.ts';
import { uuidOf } from '#test/support/stored-rows.ts';
import type { AccountState, ItemPlace, StoredEvent } from './history.ts';

type Body = NonNullable<Event['body']>;
type Effect = Pick<
  StoredEvent,
  'changeMinor' | 'hold' | 'limitMinor' | 'frozen' | 'closes' | 'swept'
>;

export function storedEvent(
  { partition, submissions }: Pick<EventBatch, 'partition' | 'submissions'>,
  seq: bigint,
  record: EventRecord,
): StoredEvent {
  const { event, operationId, version } = record;
  if (event?.body === undefined || event.after === undefined) {
    throw new Error(`log ${partition}/${seq}: an event without body or state`);
  }
  const { body } = event;
  return {
    accountId: uuidOf(record.accountId),
    version,
    partition,
    seq,
    kind: body.$case,
    ...effectOf(body),
    counterpart: body.$case === 'accountClosed' ? undefined : counterpartOf(body.value),
    balanceMinor: event.after.balanceMinor,
    after: stateOf(event.after),
    operationId: operationId.length === 0 ? undefined : uuidOf(operationId),
    item: itemOf(submissions, record),
  };
}

function itemOf(
  submissions: EventBatch['submissions'],
  { submissionNumber, itemIndex }: EventRecord,
): ItemPlace | undefined {
  const submissionId = submissions[submissionNumber - 1]?.submissionId;
  return submissionId === undefined ? undefined : { submissionId, index: Number(itemIndex) };
}

function effectOf(body: Body): Effect {
  switch (body.$case) {
    case 'moneyDeposited':
    case 'transferReceived':
      return { changeMinor: body.value.amountMinor };
    case 'moneyWithdrawn':
    case 'transferSent':
      return { changeMinor: -body.value.amountMinor };
    case 'operationReversed':
      return { changeMinor: body.value.balanceChangeMinor };
    case 'holdCaptured': {
      const { amountMinor, remainingMinor: leftMinor } = body.value;
      return { changeMinor: -amountMinor, hold: { holdId: uuidOf(body.value.holdId), leftMinor } };
    }
    case 'holdPlaced':
      return {
        changeMinor: 0n,
        hold: { holdId: uuidOf(body.value.holdId), leftMinor: body.value.amountMinor },
      };
    case 'holdReleased':
    case 'holdExpired':
      return { changeMinor: 0n, hold: { holdId: uuidOf(body.value.holdId), leftMinor: 0n } };
    case 'accountOpened':
    case 'overdraftLimitSet':
      return { changeMinor: 0n, limitMinor: body.value.overdraftLimitMinor };
    case 'accountFrozen': {
      const { debits, credits } = body.value;
      return { changeMinor: 0n, frozen: { debits, credits } };
    }
    case 'accountUnfrozen':
      return { changeMinor: 0n, frozen: { debits: false, credits: false } };
    case 'accountClosed':
      return { changeMinor: 0n, closes: true, swept: counterpartOf(body.value) };
    default:
      return unknownBody(body);
  }
}

function counterpartOf(value: object): Place | undefined {
  if (!('counterpartAccountId' in value) || !('counterpartVersion' in value)) return undefined;
  const { counterpartAccountId: id, counterpartVersion: version } = value;
  if (!(id instanceof Uint8Array) || typeof version !== 'bigint' || id.length === 0) {
    return undefined;
  }
  return { accountId: uuidOf(id), version };
}

function stateOf(after: NonNullable<Event['after']>): AccountState {
  const { balanceMinor, heldMinor, overdraftLimitMinor: limitMinor } = after;
  const { debitsFrozen, creditsFrozen } = after;
  const isClosed = after.status === AccountStatus.ACCOUNT_STATUS_CLOSED;
  return { balanceMinor, heldMinor, limitMinor, debitsFrozen, creditsFrozen, isClosed };
}

function unknownBody(body: never): never {
  throw new Error(`unknown body ${JSON.stringify(body)}`);
}
