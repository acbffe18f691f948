/**
 * The fold: replaying an account's events gives the state that each of them carries, what the
 * projection holds at the end, entry by entry, and what query-svc told on the way.
 */
import { placeOf } from '#test/support/closed-versions.ts';
import type { AccountState, History, ItemPlace, StoredEvent } from '../history.ts';
import type { Indexed } from '../indexed.ts';

type Folded = { readonly state: AccountState; readonly holds: ReadonlyMap<string, bigint> };

const NOTHING: Folded = {
  state: {
    balanceMinor: 0n,
    heldMinor: 0n,
    limitMinor: 0n,
    debitsFrozen: false,
    creditsFrozen: false,
    isClosed: false,
  },
  holds: new Map(),
};

export function foldProblems(history: History, { byAccount, byPlace }: Indexed): string[] {
  const problems: string[] = [];
  const holds = new Set<string>();
  for (const [accountId, events] of byAccount) {
    let folded = NOTHING;
    for (const event of events) {
      folded = fold(folded, event);
      const given = stateText(folded.state);
      const carried = stateText(event.after);
      if (given !== carried) {
        problems.push(`${placeOf(event)}: carries ${carried}, its events add up to ${given}`);
        folded = { ...folded, state: event.after };
      }
    }
    for (const [holdId, left] of folded.holds) holds.add(`${accountId} ${holdId} ${left}`);
    problems.push(...balanceProblems(history, accountId, events.at(-1), folded.state));
  }
  return [
    ...problems,
    ...entryProblems(history),
    ...holdProblems(history, holds),
    ...readProblems(history, byPlace),
  ];
}

function fold({ state, holds }: Folded, event: StoredEvent): Folded {
  const { changeMinor, hold, limitMinor, frozen, closes } = event;
  const left = new Map(holds);
  if (hold !== undefined && hold.leftMinor > 0n) left.set(hold.holdId, hold.leftMinor);
  else if (hold !== undefined) left.delete(hold.holdId);
  return {
    holds: left,
    state: {
      balanceMinor: state.balanceMinor + changeMinor,
      heldMinor: [...left.values()].reduce((sum, one) => sum + one, 0n),
      limitMinor: limitMinor ?? state.limitMinor,
      debitsFrozen: frozen?.debits ?? state.debitsFrozen,
      creditsFrozen: frozen?.credits ?? state.creditsFrozen,
      isClosed: closes ?? state.isClosed,
    },
  };
}

function stateText(state: AccountState): string {
  const { balanceMinor, heldMinor, limitMinor, debitsFrozen, creditsFrozen, isClosed } = state;
  const flags = [debitsFrozen, creditsFrozen, isClosed].map((flag) => (flag ? '1' : '0'));
  return `${balanceMinor} held ${heldMinor} limit ${limitMinor} flags ${flags.join('')}`;
}

function balanceProblems(
  { projected }: History,
  accountId: string,
  newest: StoredEvent | undefined,
  state: AccountState,
): string[] {
  const row = projected.accounts.get(accountId);
  const at = `${accountId}/${newest?.version}`;
  if (row === undefined) return [`${at}: the projection does not have the account`];
  if (row.version !== newest?.version) return [`${at}: the projection is as of ${row.version}`];
  const [seen, given] = [stateText(row.state), stateText(state)];
  return seen === given ? [] : [`${at}: projected as ${seen}, its events add up to ${given}`];
}

function entryProblems({ events, projected }: History): string[] {
  const problems: string[] = [];
  for (const event of events) {
    const entry = projected.entries.get(placeOf(event));
    const same =
      entry?.changeMinor === event.changeMinor &&
      entry.balanceMinor === event.balanceMinor &&
      itemText(entry.item) === itemText(event.item);
    if (entry === undefined) problems.push(`${placeOf(event)}: has no entry`);
    else if (!same) problems.push(`${placeOf(event)}: its entry says something else`);
  }
  if (projected.entries.size === events.length) return problems;
  return [...problems, `${projected.entries.size} entries of ${events.length} events`];
}

function itemText(item: ItemPlace | undefined): string {
  return item === undefined ? '' : `${item.submissionId} ${item.index}`;
}

function holdProblems({ projected }: History, holds: ReadonlySet<string>): string[] {
  return [
    ...[...holds].filter((hold) => !projected.holds.has(hold)),
    ...[...projected.holds].filter((hold) => !holds.has(hold)),
  ].map((hold) => `hold ${hold}: is in the projection, or follows from the events, not both`);
}

/** What query-svc told: never older than asked for, and as the events of that version have it. */
function readProblems({ reads }: History, byPlace: Indexed['byPlace']): string[] {
  return reads.flatMap(({ accountId, minVersion, version, state }) => {
    const at = placeOf({ accountId, version });
    if (version < minVersion) return [`${at}: was read where ${minVersion} was asked for`];
    const event = byPlace.get(at);
    if (event === undefined) return [`${at}: was read, and is not stored`];
    // Holds whose time has passed are left out where they are read.
    const held = state.heldMinor <= event.after.heldMinor ? event.after.heldMinor : -1n;
    const [read, stored] = [stateText({ ...state, heldMinor: held }), stateText(event.after)];
    return read === stored ? [] : [`${at}: read as ${read}, stored as ${stored}`];
  });
}
