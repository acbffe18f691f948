/**
 * Whose an account is, by its first event, and who may reach it. Whoever may not is told what he is
 * told of an account that does not exist. Without authentication everybody reaches everything, and
 * nobody asks.
 */
import { isReached, type Caller, type Reach } from '#platform/caller.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { textOf } from './event-body-decoder.ts';

export type Holder = { readonly tenant: string; readonly owner: string };

type Asking = Reach & Pick<Caller, 'scopes'>;

/** Undefined: of every account. */
export function reachOf(caller: Asking): Reach | undefined {
  return caller.scopes === undefined ? undefined : caller;
}

/** `opened`: the payload of the account's first event; undefined: there is no such account. */
export function reaches(caller: Asking, opened: Uint8Array | undefined): boolean {
  if (opened === undefined) return false;
  return caller.scopes === undefined || isReached(caller, holderIn(opened));
}

export function holderIn(opened: Uint8Array): Holder {
  const { body } = Event.decode(opened);
  if (body?.$case !== 'accountOpened') {
    throw new Error('ALARM: the first event of an account does not open it');
  }
  return { tenant: body.value.tenant, owner: textOf(body.value.owner) };
}
