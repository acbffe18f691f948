/**
 * The body of a stored event (bank.event.v1.Event) as a domain event. Bytes that this code cannot
 * read are an error that says why; nothing is skipped or guessed.
 */
import type { AccountEvent, Counterpart } from '#domain/events.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import type { Event, SealedText } from '#proto/bank/event/v1/events.ts';
import { NEVER } from './event-body-encoder.ts';

/** Stored bytes that this code cannot read. */
export class UnreadableEventError extends Error {
  override name = 'UnreadableEventError';
}

type Body = NonNullable<Event['body']>;

export function eventOf(body: Event['body']): AccountEvent {
  if (body === undefined) throw new UnreadableEventError('an event of unknown type: no known body');
  switch (body.$case) {
    case 'accountOpened': {
      const { owner, ...opened } = body.value;
      return { type: 'AccountOpened', ...opened, owner: textOf(owner) };
    }
    case 'moneyDeposited':
      return { type: 'MoneyDeposited', ...moved(body.value) };
    case 'moneyWithdrawn':
      return { type: 'MoneyWithdrawn', ...moved(body.value) };
    case 'transferSent':
      return { type: 'TransferSent', ...moved(body.value), counterpart: otherLeg(body.value) };
    case 'transferReceived': {
      const operationId = optionalId(body.value.operationId);
      const counterpart = otherLeg(body.value);
      return { type: 'TransferReceived', ...moved(body.value), counterpart, operationId };
    }
    case 'operationReversed': {
      const { reversedVersion, balanceChangeMinor, reason } = body.value;
      const counterpart = counterpartOf(body.value);
      const told = { reversedVersion, balanceChangeMinor, reason: textOf(reason), counterpart };
      return { type: 'OperationReversed', ...told };
    }
    case 'holdPlaced':
    case 'holdCaptured':
    case 'holdReleased':
    case 'holdExpired':
      return holdEventOf(body);
    case 'overdraftLimitSet':
    case 'accountFrozen':
    case 'accountUnfrozen':
    case 'accountClosed':
      return settingEventOf(body);
    default:
      return unknownBody(body);
  }
}

type Of<Case extends Body['$case']> = Extract<Body, { $case: Case }>;

function holdEventOf(
  body: Of<'holdPlaced' | 'holdCaptured' | 'holdReleased' | 'holdExpired'>,
): AccountEvent {
  const holdId = uuidFromBytes(body.value.holdId);
  const { amountMinor } = body.value;
  switch (body.$case) {
    case 'holdPlaced': {
      const { expiresAtMicros, reference } = body.value;
      return {
        type: 'HoldPlaced',
        holdId,
        amountMinor,
        expiresAtMicros: optionalTime(expiresAtMicros),
        reference: textOf(reference),
      };
    }
    case 'holdCaptured': {
      const { remainingMinor, releasedMinor } = body.value;
      const reference = textOf(body.value.reference);
      const expiresAtMicros = optionalTime(body.value.expiresAtMicros);
      const left = { remainingMinor, releasedMinor, expiresAtMicros };
      return { type: 'HoldCaptured', holdId, amountMinor, ...left, reference };
    }
    case 'holdReleased':
      return { type: 'HoldReleased', holdId, amountMinor };
    case 'holdExpired':
      return { type: 'HoldExpired', holdId, amountMinor };
    default:
      return unknownBody(body);
  }
}

function settingEventOf(
  body: Of<'overdraftLimitSet' | 'accountFrozen' | 'accountUnfrozen' | 'accountClosed'>,
): AccountEvent {
  switch (body.$case) {
    case 'overdraftLimitSet':
      return { type: 'OverdraftLimitSet', overdraftLimitMinor: body.value.overdraftLimitMinor };
    case 'accountFrozen': {
      const { debits, credits, reason } = body.value;
      return { type: 'AccountFrozen', debits, credits, reason: textOf(reason) };
    }
    case 'accountUnfrozen':
      return { type: 'AccountUnfrozen', reason: textOf(body.value.reason) };
    case 'accountClosed':
      return {
        type: 'AccountClosed',
        reason: textOf(body.value.reason),
        counterpart: counterpartOf(body.value),
      };
    default:
      return unknownBody(body);
  }
}

function moved(value: {
  amountMinor: bigint;
  reference: SealedText | undefined;
  valueDate: string;
}) {
  const { amountMinor, reference, valueDate } = value;
  return { amountMinor, reference: textOf(reference), valueDate };
}

type CounterpartFields = { counterpartAccountId: Uint8Array; counterpartVersion: bigint };

function otherLeg(value: CounterpartFields): Counterpart {
  const counterpart = counterpartOf(value);
  if (counterpart === undefined) throw new UnreadableEventError('a leg does not name the other');
  return counterpart;
}

function counterpartOf(value: CounterpartFields): Counterpart | undefined {
  const accountId = optionalId(value.counterpartAccountId);
  return accountId === undefined ? undefined : { accountId, version: value.counterpartVersion };
}

function optionalTime(micros: bigint): bigint | undefined {
  return micros === NEVER ? undefined : micros;
}

function optionalId(bytes: Uint8Array): string | undefined {
  return bytes.length === 0 ? undefined : uuidFromBytes(bytes);
}

/** Sealed text is as good as none here: no decision and no receipt asks for it. */
function textOf(text: SealedText | undefined): string {
  return text?.form?.$case === 'plain' ? text.form.value : '';
}

function unknownBody(body: never): never {
  throw new UnreadableEventError(`an event of unknown type: ${JSON.stringify(body)}`);
}
