/**
 * A page of accounts by keyset over account_id, with the filters that are set. An owner is found by
 * its index, in the order of the list; labels by theirs, when they are rare enough; currency and
 * status have none, so that a page looks at a bounded number of accounts, and says when there may
 * be more behind them. The text depends on which filters are set and is planned for their values.
 */
import type pg from 'pg';
import type { Reach } from '#platform/caller.ts';
import type { AccountView } from '../account-view.ts';
import { ACCOUNT_COLUMNS, accountView, PASSED_HOLDS, type AccountRow } from './read-accounts.ts';

export type AccountsQuery = {
  readonly reach: Reach;
  /** Accounts behind this one; undefined: from the first on. */
  readonly after: string | undefined;
  readonly owner: string | undefined;
  readonly currencyCode: string | undefined;
  /** Number of AccountStatus. */
  readonly status: number | undefined;
  /** All of them, with these values. */
  readonly labels: Readonly<Record<string, string>>;
  readonly limit: number;
  /** So many accounts are looked at, at most. */
  readonly accountsMax: number;
  /** Accounts of other tenants are not even looked at. */
  readonly isWithinTenant: boolean;
};

export type AccountsPage = {
  readonly accounts: readonly AccountView[];
  /** The last account that was looked at, when more may follow behind it. */
  readonly lookedUpTo: string | undefined;
};

type PageRow = { looked_up_to: string | null } & (AccountRow | { account_id: null });

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

export async function listAccounts(
  db: Pick<pg.Pool, 'query'>,
  query: AccountsQuery,
): Promise<AccountsPage> {
  const { rows } = await db.query<PageRow>(statementOf(query));
  const accounts = rows.flatMap((row) => (row.account_id === null ? [] : [accountView(row)]));
  return { accounts, lookedUpTo: rows[0]?.looked_up_to ?? undefined };
}

function statementOf(query: AccountsQuery): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  // The order of the list, by the primary key or within the owner's index.
  const place = ['true'];
  if (query.after !== undefined) place.push(`account_id > ${value(query.after)}::uuid`);
  // Whoever reaches one owner only walks its accounts only: where the walk ends is told in tokens.
  const owner = query.reach.owner ?? query.owner;
  if (owner !== undefined) {
    place.push(`owner <> '' and owner collate "C" = ${value(owner)}`);
  }
  const { tenant } = query.reach;
  const ofTenant = `tenant collate "C" = ${value(tenant)}`;
  if (query.isWithinTenant) place.push(tenant === '' ? ofTenant : `tenant <> '' and ${ofTenant}`);
  const filters = [ofTenant];
  if (query.owner !== undefined && query.owner !== owner) {
    filters.push(`owner = ${value(query.owner)}`);
  }
  if (query.currencyCode !== undefined)
    filters.push(`currency_code = ${value(query.currencyCode)}`);
  if (query.status !== undefined) filters.push(`status = ${value(query.status)}`);
  const hasLabels = Object.keys(query.labels).length > 0;
  if (hasLabels) filters.push(`labels <> '{}' and labels @> ${value(query.labels)}::jsonb`);
  // Which accounts have the labels is known before the first is read: there is no range to look at.
  const range = hasLabels
    ? 'null::uuid'
    : `(select account_id from balances where ${place.join(' and ')}
        order by account_id offset ${value(query.accountsMax - 1)} limit 1)`;
  const text = `
    select range.looked_up_to, ${ACCOUNT_COLUMNS}
    from (select ${range} as looked_up_to offset 0) range
    left join lateral (
      select * from balances
      where ${[...place, ...filters].join(' and ')}
        and account_id <= coalesce(range.looked_up_to, '${LAST_ID}')
      order by account_id limit ${value(query.limit)}
    ) b on true
    ${PASSED_HOLDS}
    order by b.account_id`;
  return { text, values };
}
