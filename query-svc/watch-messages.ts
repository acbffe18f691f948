/**
 * The messages of WatchAccount. An account's state behind each version follows from the state
 * before it and the entry: most entries change the balance only, the others carry the state. All
 * watchers that stand at the same state get the same messages, made and encoded once.
 */
import { WatchAccountResponse as Response } from '#proto/bank/v1/account_query_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { accountMessage, type AccountView } from './account-view.ts';
import { encoded, type Encoded } from './encoded-messages.ts';
import { entryMessage, type EntryView } from './entry-view.ts';
import type { Change } from './sql/read-changes.ts';
import { encodeWatchToken } from './watch-token.ts';

const NO_MARK = FeedState.FEED_STATE_UNSPECIFIED;
const CAUGHT_UP = FeedState.FEED_STATE_CAUGHT_UP;
const FELL_BEHIND = FeedState.FEED_STATE_FELL_BEHIND;

/** Where a watcher stands. */
export type Standing = {
  /** The account as of the last version that was told. */
  readonly account: AccountView;
  readonly isCaughtUp: boolean;
};
export type Told = { readonly messages: readonly Encoded<Response>[]; readonly after: Standing };

export function firstMessage(account: AccountView): Encoded<Response> {
  return messageOf(account, { account, entries: [], state: CAUGHT_UP });
}

/** A mark, or with none a checkpoint. */
export function bareMessage(account: AccountView, state: FeedState = NO_MARK): Encoded<Response> {
  return messageOf(account, { account: undefined, entries: [], state });
}

const made = new WeakMap<Change, { readonly from: Standing; readonly told: Told }>();

/** A message for each entry; joined, one for all of them: its account is the newest. */
export function changeMessages(change: Change, from: Standing, joined: boolean): Told {
  if (joined) return joinedMessage(change, from);
  const known = made.get(change);
  if (known !== undefined && isSame(known.from, from)) return known.told;
  const told = messageForEach(change, from);
  if (known === undefined) made.set(change, { from, told });
  return told;
}

function messageForEach({ entries, newest }: Change, from: Standing): Told {
  const last = entries.at(-1);
  const isCaughtUp = last?.version === newest.version;
  let account = from.account;
  const messages = entries.map((entry, place) => {
    if (entry.version !== account.version + 1n) {
      throw new Error(`entry ${account.version + 1n} of ${account.accountId} is missing`);
    }
    const isNewest = entry.version === newest.version;
    account = isNewest ? newest : stateAfter(account, entry, newest);
    const fellBehind = place === 0 && from.isCaughtUp && !isCaughtUp;
    const caughtUp = isNewest && !from.isCaughtUp;
    const state = fellBehind ? FELL_BEHIND : caughtUp ? CAUGHT_UP : NO_MARK;
    return messageOf(account, { account, entries: [entry], state });
  });
  return { messages, after: { account, isCaughtUp } };
}

const joinedOnes = new WeakMap<Change, { readonly wasCaughtUp: boolean; readonly told: Told }>();

function joinedMessage(change: Change, { isCaughtUp: wasCaughtUp }: Standing): Told {
  const known = joinedOnes.get(change);
  if (known?.wasCaughtUp === wasCaughtUp) return known.told;
  const { newest: account, entries } = change;
  const state = wasCaughtUp ? NO_MARK : CAUGHT_UP;
  const message = messageOf(account, { account, entries, state });
  const told = { messages: [message], after: { account, isCaughtUp: true } };
  joinedOnes.set(change, { wasCaughtUp, told });
  return told;
}

/** The owner is told as it is now: it may have been erased since the watch began. */
function stateAfter(
  before: AccountView,
  entry: EntryView,
  { owner, projectedAtMicros }: Pick<AccountView, 'owner' | 'projectedAtMicros'>,
): AccountView {
  const { stateAfter: state } = entry;
  const changed = state && {
    heldMinor: state.heldMinor,
    overdraftLimitMinor: state.overdraftLimitMinor,
    status: state.status,
    debitsFrozen: state.debitsFrozen,
    creditsFrozen: state.creditsFrozen,
  };
  return {
    ...before,
    ...changed,
    owner,
    version: entry.version,
    balanceMinor: entry.balanceAfterMinor,
    updatedAtMicros: entry.recordedAtMicros,
    projectedAtMicros,
  };
}

function messageOf(
  place: AccountView,
  content: {
    account: AccountView | undefined;
    entries: readonly EntryView[];
    state: FeedState;
  },
): Encoded<Response> {
  const { account, entries, state } = content;
  const message = {
    resumeToken: encodeWatchToken(place.accountId, place),
    account: account === undefined ? undefined : accountMessage(account),
    entries: entries.map((entry) => entryMessage(place.accountId, entry)),
    state,
  };
  return encoded(message, Response.encode);
}

/** Watchers that were told the same message share its state; a token brings one of its own. */
function isSame(one: Standing, other: Standing): boolean {
  if (one.isCaughtUp !== other.isCaughtUp) return false;
  const [a, b] = [one.account, other.account];
  if (a === b) return true;
  return (
    a.version === b.version &&
    a.heldMinor === b.heldMinor &&
    a.overdraftLimitMinor === b.overdraftLimitMinor &&
    a.status === b.status &&
    a.debitsFrozen === b.debitsFrozen &&
    a.creditsFrozen === b.creditsFrozen
  );
}
