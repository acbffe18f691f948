/**
 * A domain event as the body of a stored one (bank.event.v1.Event). Personal text goes as
 * SealedText, sealed where a seal is given, ids as 16 bytes, times as microseconds with 0 for none.
 */
import type { AccountEvent, Counterpart } from '#domain/events.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { type Event, EventType } from '#proto/bank/event/v1/events.ts';
import { storedText, type TextSeal } from './text-seal.ts';

const EVENT_TYPES = {
  AccountOpened: EventType.EVENT_TYPE_ACCOUNT_OPENED,
  MoneyDeposited: EventType.EVENT_TYPE_MONEY_DEPOSITED,
  MoneyWithdrawn: EventType.EVENT_TYPE_MONEY_WITHDRAWN,
  TransferSent: EventType.EVENT_TYPE_TRANSFER_SENT,
  TransferReceived: EventType.EVENT_TYPE_TRANSFER_RECEIVED,
  HoldPlaced: EventType.EVENT_TYPE_HOLD_PLACED,
  HoldCaptured: EventType.EVENT_TYPE_HOLD_CAPTURED,
  HoldReleased: EventType.EVENT_TYPE_HOLD_RELEASED,
  HoldExpired: EventType.EVENT_TYPE_HOLD_EXPIRED,
  OperationReversed: EventType.EVENT_TYPE_OPERATION_REVERSED,
  OverdraftLimitSet: EventType.EVENT_TYPE_OVERDRAFT_LIMIT_SET,
  AccountFrozen: EventType.EVENT_TYPE_ACCOUNT_FROZEN,
  AccountUnfrozen: EventType.EVENT_TYPE_ACCOUNT_UNFROZEN,
  AccountClosed: EventType.EVENT_TYPE_ACCOUNT_CLOSED,
} as const satisfies Record<AccountEvent['type'], EventType>;

export function eventTypeOf(event: AccountEvent): EventType {
  return EVENT_TYPES[event.type];
}

type Body = NonNullable<Event['body']>;

export function bodyOf(event: AccountEvent, seal?: TextSeal): Body {
  switch (event.type) {
    case 'AccountOpened':
      return opened(event, seal);
    case 'MoneyDeposited':
      return { $case: 'moneyDeposited', value: moved(event, seal) };
    case 'MoneyWithdrawn':
      return { $case: 'moneyWithdrawn', value: moved(event, seal) };
    case 'TransferSent':
      return { $case: 'transferSent', value: leg(event, seal) };
    case 'TransferReceived':
      return {
        $case: 'transferReceived',
        value: { ...leg(event, seal), operationId: optionalId(event.operationId) },
      };
    case 'HoldPlaced':
    case 'HoldCaptured':
    case 'HoldReleased':
    case 'HoldExpired':
      return holdBody(event, seal);
    case 'OperationReversed':
      return reversed(event, seal);
    case 'OverdraftLimitSet':
    case 'AccountFrozen':
    case 'AccountUnfrozen':
    case 'AccountClosed':
      return settingBody(event, seal);
    default:
      return unknownEvent(event);
  }
}

type Of<Type extends AccountEvent['type']> = Extract<AccountEvent, { type: Type }>;

function opened(event: Of<'AccountOpened'>, seal: TextSeal | undefined): Body {
  return {
    $case: 'accountOpened',
    value: {
      tenant: event.tenant,
      currencyCode: event.currencyCode,
      owner: storedText(event.owner, seal),
      overdraftLimitMinor: event.overdraftLimitMinor,
      labels: { ...event.labels },
    },
  };
}

type Moved = { amountMinor: bigint; reference: string; valueDate: string };

function moved({ amountMinor, reference, valueDate }: Moved, seal: TextSeal | undefined) {
  return { amountMinor, reference: storedText(reference, seal), valueDate };
}

function leg(event: Of<'TransferSent' | 'TransferReceived'>, seal: TextSeal | undefined) {
  return { ...moved(event, seal), ...counterpartFields(event.counterpart) };
}

function counterpartFields(counterpart: Counterpart | undefined) {
  return {
    counterpartAccountId: optionalId(counterpart?.accountId),
    counterpartVersion: counterpart?.version ?? 0n,
  };
}

function holdBody(
  event: Of<'HoldPlaced' | 'HoldCaptured' | 'HoldReleased' | 'HoldExpired'>,
  seal: TextSeal | undefined,
): Body {
  const { amountMinor } = event;
  const holdId = uuidToBytes(event.holdId);
  switch (event.type) {
    case 'HoldPlaced': {
      const expiresAtMicros = event.expiresAtMicros ?? NEVER;
      const reference = storedText(event.reference, seal);
      return { $case: 'holdPlaced', value: { holdId, amountMinor, expiresAtMicros, reference } };
    }
    case 'HoldCaptured': {
      const { remainingMinor, releasedMinor } = event;
      const expiresAtMicros = event.expiresAtMicros ?? NEVER;
      const reference = storedText(event.reference, seal);
      return {
        $case: 'holdCaptured',
        value: { holdId, amountMinor, remainingMinor, releasedMinor, expiresAtMicros, reference },
      };
    }
    case 'HoldReleased':
      return { $case: 'holdReleased', value: { holdId, amountMinor } };
    case 'HoldExpired':
      return { $case: 'holdExpired', value: { holdId, amountMinor } };
    default:
      return unknownEvent(event);
  }
}

function reversed(event: Of<'OperationReversed'>, seal: TextSeal | undefined): Body {
  return {
    $case: 'operationReversed',
    value: {
      reversedVersion: event.reversedVersion,
      balanceChangeMinor: event.balanceChangeMinor,
      reason: storedText(event.reason, seal),
      ...counterpartFields(event.counterpart),
    },
  };
}

function settingBody(
  event: Of<'OverdraftLimitSet' | 'AccountFrozen' | 'AccountUnfrozen' | 'AccountClosed'>,
  seal: TextSeal | undefined,
): Body {
  switch (event.type) {
    case 'OverdraftLimitSet': {
      const { overdraftLimitMinor } = event;
      return { $case: 'overdraftLimitSet', value: { overdraftLimitMinor } };
    }
    case 'AccountFrozen': {
      const { debits, credits, reason } = event;
      return {
        $case: 'accountFrozen',
        value: { debits, credits, reason: storedText(reason, seal) },
      };
    }
    case 'AccountUnfrozen':
      return { $case: 'accountUnfrozen', value: { reason: storedText(event.reason, seal) } };
    case 'AccountClosed':
      return {
        $case: 'accountClosed',
        value: { reason: storedText(event.reason, seal), ...counterpartFields(event.counterpart) },
      };
    default:
      return unknownEvent(event);
  }
}

/** A hold that never expires. */
export const NEVER = 0n;
const NO_ID = new Uint8Array(0);

function optionalId(id: string | undefined): Uint8Array {
  return id === undefined ? NO_ID : uuidToBytes(id);
}

function unknownEvent(event: never): never {
  throw new Error(`unknown event ${JSON.stringify(event)}`);
}
