/**
 * What has become of accounts since the versions that their watchers know: for each pair of account
 * and version, the account as it is now and the entries behind the version, the first or the newest
 * ones. One statement for all watchers of a process; a pair without news has no row. Versions have
 * no gap, so that a range of them bounds what is read. Whoever watches an account has been told of
 * it: tenants are not asked for here.
 */
import type pg from 'pg';
import type { AccountView } from '../account-view.ts';
import type { EntryView } from '../entry-view.ts';
import { ENTRY_COLUMNS, ENTRY_LINKS, entryViews, type EntryRow } from './entry-row.ts';
import { ACCOUNT_COLUMNS, accountView, PASSED_HOLDS, type AccountRow } from './read-accounts.ts';

export type KnownVersion = { readonly accountId: string; readonly version: bigint };

/** News of one account. */
export type Change = {
  /** The account as it is now. */
  readonly newest: AccountView;
  /** Ascending, without a gap, at least one: from the known version on, or up to the newest. */
  readonly entries: readonly EntryView[];
};

export type ChangesQuery = {
  readonly known: readonly KnownVersion[];
  /** Entries of each pair, at most: the first ones, or the newest ones. */
  readonly entriesMax: number;
  readonly newestOnly: boolean;
};

type Row = AccountRow & EntryRow & { place: bigint };

const FIRST_ONES = 'version > b.known and version <= least(b.version, b.known + $3::bigint)';
const NEWEST_ONES = 'version > greatest(b.known, b.version - $3::bigint) and version <= b.version';

/** `offset 0` keeps the order of the joins, whatever the planner believes of the tables' sizes. */
const text = (range: string) => `
  select b.place, ${ACCOUNT_COLUMNS}, ${ENTRY_COLUMNS}
  from (
    select k.place, k.version as known, balances.*
    from unnest($1::uuid[], $2::bigint[]) with ordinality as k (id, version, place)
    join balances on account_id = k.id and balances.version > k.version
    offset 0
  ) b
  ${PASSED_HOLDS}
  cross join lateral (
    select * from entries where account_id = b.account_id and ${range} offset 0
  ) e
  ${ENTRY_LINKS}
  order by b.place, e.version`;

const FIRST = { name: 'read-changes', text: text(FIRST_ONES) };
const NEWEST = { name: 'read-newest-changes', text: text(NEWEST_ONES) };

/** In the order of `known`; undefined: nothing new. */
export async function readChanges(
  db: Pick<pg.Pool, 'query'>,
  { known, entriesMax, newestOnly }: ChangesQuery,
): Promise<(Change | undefined)[]> {
  const { rows } = await db.query<Row>({
    ...(newestOnly ? NEWEST : FIRST),
    values: [
      known.map(({ accountId }) => accountId),
      known.map(({ version }) => version),
      entriesMax,
    ],
  });
  const changes: (Change | undefined)[] = known.map(() => undefined);
  for (let at = 0; at < rows.length;) {
    const first = rows[at];
    if (first === undefined) break;
    let end = at + 1;
    while (rows[end]?.place === first.place) end++;
    const newest = accountView(first);
    changes[Number(first.place) - 1] = { newest, entries: entryViews(rows.slice(at, end)) };
    at = end;
  }
  return changes;
}
