/**
 * Domain events to and from their stored bytes (bank.event.v1): what happened, and the state after
 * it. Bytes that this code cannot read are an error that says why.
 */
import { evolve, type AccountState, type CarriedState } from '#domain/account.ts';
import type { AccountEvent } from '#domain/events.ts';
import {
  AccountStatus,
  Event,
  type AccountState as StoredState,
} from '#proto/bank/event/v1/events.ts';
import { eventOf, UnreadableEventError } from './event-body-decoder.ts';
import { bodyOf } from './event-body-encoder.ts';
import type { TextSeal } from './text-seal.ts';

/**
 * The set of fields that this code knows of a stored state. A lower one is replayed from the first
 * event.
 */
export const STATE_SHAPE = 1;

/** The bytes of events.payload: what happened, and the state after it; texts as writeEvent. */
export function encodeEvent(event: AccountEvent, after: CarriedState, seal?: TextSeal): Uint8Array {
  return Event.encode({ body: bodyOf(event, seal), after: storedState(after) }).finish();
}

function storedState(state: CarriedState): StoredState {
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
  return { event: eventOf(body), after };
}

/** The state that an event carries; undefined when it is of an older shape and must be replayed. */
export function carriedState(payload: Uint8Array, version: bigint): CarriedState | undefined {
  const { after } = decodeEvent(payload);
  if (after.shape < STATE_SHAPE) return undefined;
  return existingAccount(after, version);
}

export function existingAccount(after: StoredState, version: bigint): CarriedState {
  return {
    status: statusOf(after),
    version,
    currencyCode: after.currencyCode,
    balanceMinor: after.balanceMinor,
    heldMinor: after.heldMinor,
    overdraftLimitMinor: after.overdraftLimitMinor,
    debitsFrozen: after.debitsFrozen,
    creditsFrozen: after.creditsFrozen,
  };
}

function statusOf({ status }: StoredState): CarriedState['status'] {
  if (status === AccountStatus.ACCOUNT_STATUS_OPEN) return 'open';
  if (status === AccountStatus.ACCOUNT_STATUS_CLOSED) return 'closed';
  throw new UnreadableEventError(`an account of unknown status ${status}`);
}

/** The state after all events of an account, from the first on. */
export function replay(initial: AccountState, payloads: readonly Uint8Array[]): AccountState {
  let state = initial;
  for (const payload of payloads) state = evolve(state, decodeEvent(payload).event);
  return state;
}

/** The state right after an event, for the receipt of the operation that made it. */
export function receiptState(payload: Uint8Array, version: bigint): CarriedState {
  const { after } = Event.decode(payload);
  if (after === undefined) throw new UnreadableEventError('an event carries no state after it');
  return existingAccount(after, version);
}
