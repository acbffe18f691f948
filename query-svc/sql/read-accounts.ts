/**
 * The newest projected state of up to 1,000 accounts, by primary key, in no particular order;
 * unknown accounts have no row. One statement, so all of it is one snapshot.
 */
import type pg from 'pg';
import type { AccountView } from '../account-view.ts';

type AccountRow = {
  account_id: string;
  version: bigint;
  currency_code: string;
  balance_minor: bigint;
  held_minor: bigint;
  overdraft_limit_minor: bigint;
  status: number;
  debits_frozen: boolean;
  credits_frozen: boolean;
  owner: string;
  labels: Record<string, string>;
  opened_at_micros: bigint;
  updated_at_micros: bigint;
  projected_at_micros: bigint;
  passed_minor: bigint;
  next_expiry_micros: bigint | null;
};

const TEXT = `
  select account_id, version, currency_code, balance_minor, held_minor, overdraft_limit_minor,
    status, debits_frozen, credits_frozen, owner, labels,
    (extract(epoch from opened_at) * 1000000)::bigint as opened_at_micros,
    (extract(epoch from updated_at) * 1000000)::bigint as updated_at_micros,
    (extract(epoch from projected_at) * 1000000)::bigint as projected_at_micros,
    coalesce(h.passed_minor, 0) as passed_minor, h.next_expiry_micros
  from balances
  left join lateral (
    select (sum(remaining_minor) filter (where expires_at <= now()))::bigint as passed_minor,
      (extract(epoch from min(expires_at) filter (where expires_at > now())) * 1000000)::bigint
        as next_expiry_micros
    from open_holds o
    where balances.held_minor > 0 and o.account_id = balances.account_id) h on true
  where tenant = $1 and account_id = any($2::uuid[])`;

export async function readAccounts(
  db: Pick<pg.Pool, 'query'>,
  tenant: string,
  accountIds: readonly string[],
): Promise<AccountView[]> {
  const result = await db.query<AccountRow>({
    name: 'read-accounts',
    text: TEXT,
    values: [tenant, accountIds],
  });
  return result.rows.map((row) => ({
    accountId: row.account_id,
    version: row.version,
    currencyCode: row.currency_code,
    balanceMinor: row.balance_minor,
    heldMinor: row.held_minor - row.passed_minor,
    nextExpiryMicros: row.next_expiry_micros ?? undefined,
    overdraftLimitMinor: row.overdraft_limit_minor,
    status: row.status,
    debitsFrozen: row.debits_frozen,
    creditsFrozen: row.credits_frozen,
    owner: row.owner,
    labels: row.labels,
    openedAtMicros: row.opened_at_micros,
    updatedAtMicros: row.updated_at_micros,
    projectedAtMicros: row.projected_at_micros,
  }));
}
