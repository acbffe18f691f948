/**
 * Domain events to and from their stored bytes (bank.event.v1). Bytes that this code cannot read
 * are an error that says why; nothing is skipped or guessed.
 */
import type { AccountEvent, AccountState, ExistingAccount } from '#domain/account.ts';
import { evolve } from '#domain/account.ts';
import {
  AccountStatus,
  Event,
  EventType,
  type AccountState as StoredState,
  type SealedText,
} from '#proto/bank/event/v1/events.ts';

/**
 * The set of fields that this code knows of a stored state. A lower one is replayed from the first
 * event.
 */
export const STATE_SHAPE = 1;

const EVENT_TYPES = {
  AccountOpened: EventType.EVENT_TYPE_ACCOUNT_OPENED,
  MoneyDeposited: EventType.EVENT_TYPE_MONEY_DEPOSITED,
} as const satisfies Record<AccountEvent['type'], EventType>;

export function eventTypeOf(event: AccountEvent): EventType {
  return EVENT_TYPES[event.type];
}

/** Stored bytes that this code cannot read. */
export class UnreadableEventError extends Error {
  override name = 'UnreadableEventError';
}

/** The bytes of events.payload: what happened, and the state after it. */
export function encodeEvent(event: AccountEvent, after: ExistingAccount): Uint8Array {
  return Event.encode({ body: bodyOf(event), after: storedState(after) }).finish();
}

function bodyOf(event: AccountEvent): Event['body'] {
  switch (event.type) {
    case 'AccountOpened':
      return {
        $case: 'accountOpened',
        value: {
          tenant: event.tenant,
          currencyCode: event.currencyCode,
          owner: plainText(event.owner),
          overdraftLimitMinor: event.overdraftLimitMinor,
          labels: { ...event.labels },
        },
      };
    case 'MoneyDeposited':
      return {
        $case: 'moneyDeposited',
        value: {
          amountMinor: event.amountMinor,
          reference: plainText(event.reference),
          valueDate: event.valueDate,
        },
      };
    default:
      return unknownEvent(event);
  }
}

function unknownEvent(event: never): never {
  throw new UnreadableEventError(`unknown event ${JSON.stringify(event)}`);
}

function plainText(text: string): SealedText | undefined {
  return text === '' ? undefined : { form: { $case: 'plain', value: text } };
}

export function textOf(sealed: SealedText | undefined): string {
  if (sealed?.form === undefined) return '';
  if (sealed.form.$case === 'plain') return sealed.form.value;
  throw new UnreadableEventError('sealed text cannot be opened by this version');
}

function storedState(state: ExistingAccount): StoredState {
  return {
    balanceMinor: state.balanceMinor,
    heldMinor: state.heldMinor,
    overdraftLimitMinor: state.overdraftLimitMinor,
    currencyCode: state.currencyCode,
    status:
      state.status === 'open'
        ? AccountStatus.ACCOUNT_STATUS_OPEN
        : AccountStatus.ACCOUNT_STATUS_CLOSED,
    debitsFrozen: state.debitsFrozen,
    creditsFrozen: state.creditsFrozen,
    shape: STATE_SHAPE,
  };
}

export function decodeEvent(payload: Uint8Array): { event: AccountEvent; after: StoredState } {
  const { body, after } = Event.decode(payload);
  if (after === undefined) throw new UnreadableEventError('an event carries no state after it');
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- what is not built is unknown
  switch (body?.$case) {
    case 'accountOpened':
      return {
        after,
        event: {
          type: 'AccountOpened',
          tenant: body.value.tenant,
          currencyCode: body.value.currencyCode,
          owner: textOf(body.value.owner),
          overdraftLimitMinor: body.value.overdraftLimitMinor,
          labels: body.value.labels,
        },
      };
    case 'moneyDeposited':
      return {
        after,
        event: {
          type: 'MoneyDeposited',
          amountMinor: body.value.amountMinor,
          reference: textOf(body.value.reference),
          valueDate: body.value.valueDate,
        },
      };
    default:
      throw new UnreadableEventError(`an event of unknown type: ${body?.$case ?? 'no known body'}`);
  }
}

/** The state that an event carries; undefined when it is of an older shape and must be replayed. */
export function carriedState(payload: Uint8Array, version: bigint): ExistingAccount | undefined {
  const { after } = decodeEvent(payload);
  if (after.shape < STATE_SHAPE) return undefined;
  return existingAccount(after, version);
}

export function existingAccount(after: StoredState, version: bigint): ExistingAccount {
  const state = {
    version,
    currencyCode: after.currencyCode,
    balanceMinor: after.balanceMinor,
    heldMinor: after.heldMinor,
    overdraftLimitMinor: after.overdraftLimitMinor,
    debitsFrozen: after.debitsFrozen,
    creditsFrozen: after.creditsFrozen,
  };
  if (after.status === AccountStatus.ACCOUNT_STATUS_OPEN) return { status: 'open', ...state };
  if (after.status === AccountStatus.ACCOUNT_STATUS_CLOSED) return { status: 'closed', ...state };
  throw new UnreadableEventError(`an account of unknown status ${after.status}`);
}

/** The state after all events of an account, from the first on. */
export function replay(initial: AccountState, payloads: readonly Uint8Array[]): AccountState {
  let state = initial;
  for (const payload of payloads) state = evolve(state, decodeEvent(payload).event);
  return state;
}

/** The state right after an event, for the receipt of the operation that made it. */
export function receiptState(payload: Uint8Array, version: bigint): ExistingAccount {
  const { after } = Event.decode(payload);
  if (after === undefined) throw new UnreadableEventError('an event carries no state after it');
  return existingAccount(after, version);
}
