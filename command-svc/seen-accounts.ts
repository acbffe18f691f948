/**
 * An account as the caller of an item sees it, for decisions: what it does not reach is not there.
 * Without authentication that is one comparison.
 */
import { NO_ACCOUNT } from '#domain/account.ts';
import type { Command } from '#domain/commands.ts';
import type { AccountEvent } from '#domain/events.ts';
import { reject } from '#domain/rejection.ts';
import { isReached, type Caller } from '#platform/caller.ts';
import type { Holder } from './account-holder.ts';
import type { ItemDecision } from './batch-item.ts';
import type { BaseAccount } from './lane-states.ts';

export function seenBy(caller: Caller, account: BaseAccount): BaseAccount {
  if (caller.scopes === undefined || account.state.status === 'none') return account;
  const { holder } = account;
  if (holder === undefined) throw new Error('it was not read whose an account is');
  return isReached(caller, holder) ? account : { ...account, state: NO_ACCOUNT };
}

/** A caller of one owner opens accounts of that owner. */
export function opensForAnother({ owner }: Caller, command: Command): boolean {
  return owner !== undefined && command.type === 'OpenAccount' && command.owner !== owner;
}

export const OPENS_FOR_ANOTHER: ItemDecision = {
  kind: 'rejected',
  rejection: reject('INVALID_ITEM', "owner: must be the caller's own", 'owner'),
};

/** Undefined: the event does not say it. */
export function holderAfter(event: AccountEvent): Holder | undefined {
  return event.type === 'AccountOpened' ? { tenant: event.tenant, owner: event.owner } : undefined;
}
