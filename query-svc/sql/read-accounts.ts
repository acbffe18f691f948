/**
 * The newest projected state of up to 1,000 accounts, by primary key, in no particular order;
 * unknown accounts have no row. Read for several callers together, of all tenants: who is told what
 * is the reader's. One statement, so all of it is one snapshot.
 */
import type pg from 'pg';
import type { AccountView } from '../account-view.ts';

export type AccountRow = {
  account_id: string;
  tenant: string;
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

/** Of `balances b` and PASSED_HOLDS: what every statement that reads accounts selects. */
export const ACCOUNT_COLUMNS = `b.account_id, b.tenant, b.version, b.currency_code, b.balance_minor,
    b.held_minor, b.overdraft_limit_minor, b.status, b.debits_frozen, b.credits_frozen, b.owner,
    b.labels,
    (extract(epoch from b.opened_at) * 1000000)::bigint as opened_at_micros,
    (extract(epoch from b.updated_at) * 1000000)::bigint as updated_at_micros,
    (extract(epoch from b.projected_at) * 1000000)::bigint as projected_at_micros,
    coalesce(h.passed_minor, 0) as passed_minor, h.next_expiry_micros`;

/** Behind `balances b`: what it holds though its time has passed, and when the next one passes. */
export const PASSED_HOLDS = `left join lateral (
    select (sum(remaining_minor) filter (where expires_at <= now()))::bigint as passed_minor,
      (extract(epoch from min(expires_at) filter (where expires_at > now())) * 1000000)::bigint
        as next_expiry_micros
    from open_holds o
    where b.held_minor > 0 and o.account_id = b.account_id
  ) h on true`;

const TEXT = `
  select ${ACCOUNT_COLUMNS}
  from balances b
  ${PASSED_HOLDS}
  where b.account_id = any($1::uuid[])`;

export async function readAccounts(
  db: Pick<pg.Pool, 'query'>,
  accountIds: readonly string[],
): Promise<AccountView[]> {
  const result = await db.query<AccountRow>({
    name: 'read-accounts',
    text: TEXT,
    values: [accountIds],
  });
  return result.rows.map(accountView);
}

export function accountView(row: AccountRow): AccountView {
  return {
    accountId: row.account_id,
    tenant: row.tenant,
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
  };
}
