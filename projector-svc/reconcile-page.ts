/**
 * One page of the comparison: events, and what the projection holds beside them, cut at one key, by
 * account. The projection is read first, in one snapshot; events, read after it, can only be more.
 * An account that goes on behind the page is continued in the next one.
 */
import type pg from 'pg';
import { RECONCILE } from './bounds.ts';
import { readTexts } from './reconcile-texts.ts';
import type { TextReader } from './reconcile-texts.ts';
import { readPurged } from './sql/purge-texts.ts';
import type { TextKeys } from './text-keys.ts';
import { eventPageEnd, readEventPage } from './sql/read-event-page.ts';
import type { EventKey, StoredEvent } from './sql/read-event-page.ts';
import { readProjectionPage } from './sql/read-projection-page.ts';
import type {
  ProjectedAccount,
  ProjectedEntry,
  ProjectedHold,
} from './sql/read-projection-page.ts';

const VERSION_MAX = 2n ** 63n - 1n;

/** What a page has of one account. */
export type AccountPart = {
  readonly accountId: string;
  readonly events: StoredEvent[];
  readonly entries: ProjectedEntry[];
  readonly holds: ProjectedHold[];
  balance: ProjectedAccount | undefined;
  /** Nothing of it is left for the next page. */
  readonly isWhole: boolean;
};

export type ReconcilePage = {
  readonly parts: readonly AccountPart[];
  readonly end: EventKey;
  readonly textOf: TextReader;
};

export type ReconcileStores = {
  readonly reading: pg.Pool;
  readonly eventStore: pg.Pool;
  readonly texts: Pick<TextKeys, 'ring' | 'log'>;
};

/** Behind every version of an account: where the next account begins. */
export function behindAccount(accountId: string): EventKey {
  return { accountId, version: VERSION_MAX };
}

export function isBehindAccount({ version }: EventKey): boolean {
  return version === VERSION_MAX;
}

export async function readReconcilePage(
  { reading, eventStore, texts }: ReconcileStores,
  from: EventKey,
  lastAccountId: string,
): Promise<ReconcilePage> {
  const { pageEvents, pageRowsMax } = RECONCILE;
  const wanted =
    (await eventPageEnd(eventStore, from, lastAccountId, pageEvents)) ??
    behindAccount(lastAccountId);
  const purged = await readPurged(reading);
  const projected = await readProjectionPage(reading, from, wanted, pageRowsMax);
  const events = await readEventPage(eventStore, from, wanted, pageRowsMax);
  const { accounts, holds, entries } = projected;
  // Where a list was cut, the page ends; an account is never cut in its holds.
  const end = [
    wanted,
    ...cutAt(events, (row) => ({ accountId: row.account_id, version: row.version })),
    ...cutAt(entries, (row) => ({ accountId: row.account_id, version: row.version })),
    ...cutAt(accounts, (row) => behindAccount(row.account_id)),
    ...cutAt(wholeHolds(holds), (row) => behindAccount(row.account_id), holds.length),
  ].reduce((least, key) => (isBefore(key, least) ? key : least));
  const textOf = await readTexts(texts, eventStore, events, purged);
  return { parts: partsOf(projected, events, from, end), end, textOf };
}

function cutAt<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => EventKey,
  read = rows.length,
): EventKey[] {
  const last = rows.at(-1);
  return read < RECONCILE.pageRowsMax || last === undefined ? [] : [keyOf(last)];
}

/** Without those of the last account, of which there may be more. */
function wholeHolds(holds: readonly ProjectedHold[]): readonly ProjectedHold[] {
  const last = holds.at(-1)?.account_id;
  return holds.filter(({ account_id }) => account_id !== last);
}

function partsOf(
  { accounts, holds, entries }: Awaited<ReturnType<typeof readProjectionPage>>,
  events: readonly StoredEvent[],
  from: EventKey,
  end: EventKey,
): AccountPart[] {
  const parts = new Map<string, AccountPart>();
  const partOf = (accountId: string): AccountPart => {
    const isWhole = accountId < end.accountId || isBehindAccount(end);
    const made = { accountId, events: [], entries: [], holds: [], balance: undefined, isWhole };
    const part: AccountPart = parts.get(accountId) ?? made;
    parts.set(accountId, part);
    return part;
  };
  const isInside = (accountId: string): boolean =>
    accountId <= end.accountId && (accountId > from.accountId || !isBehindAccount(from));
  const isUpTo = (row: StoredEvent | ProjectedEntry): boolean =>
    !isBefore(end, { accountId: row.account_id, version: row.version });
  for (const row of events) if (isUpTo(row)) partOf(row.account_id).events.push(row);
  for (const row of entries) if (isUpTo(row)) partOf(row.account_id).entries.push(row);
  for (const row of accounts) if (isInside(row.account_id)) partOf(row.account_id).balance = row;
  for (const row of holds) if (isInside(row.account_id)) partOf(row.account_id).holds.push(row);
  return [...parts.values()].sort((a, b) => (a.accountId < b.accountId ? -1 : 1));
}

export function isBefore(a: EventKey, b: EventKey): boolean {
  return a.accountId === b.accountId ? a.version < b.version : a.accountId < b.accountId;
}
