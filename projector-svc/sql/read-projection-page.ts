/**
 * What the projection holds in a range of accounts and versions, in one snapshot: the accounts with
 * their open holds, and their entries behind one key and up to another. Each list is bounded, and
 * in the order of its key.
 */
import type pg from 'pg';
import { withTransaction } from '#platform/postgres.ts';
import type { EventKey } from './read-event-page.ts';

export type ProjectedAccount = {
  readonly account_id: string;
  readonly tenant: string;
  readonly version: bigint;
  readonly currency_code: string;
  readonly balance_minor: bigint;
  readonly held_minor: bigint;
  readonly overdraft_limit_minor: bigint;
  readonly status: number;
  readonly debits_frozen: boolean;
  readonly credits_frozen: boolean;
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
};

export type ProjectedHold = {
  readonly account_id: string;
  readonly hold_id: string;
  readonly remaining_minor: bigint;
  readonly expires_micros: bigint | null;
};

export type ProjectedEntry = {
  readonly account_id: string;
  readonly version: bigint;
  readonly type: number;
  readonly recorded_micros: bigint;
  readonly amount_minor: bigint;
  readonly balance_after_minor: bigint;
  readonly currency_code: string;
  readonly operation_id: string | null;
  readonly reference: string;
  readonly value_date: string | null;
  readonly counterpart_account_id: string | null;
  readonly counterpart_version: bigint | null;
  readonly hold_id: string | null;
  readonly reversed_version: bigint | null;
};

export type ProjectionPage = {
  readonly accounts: readonly ProjectedAccount[];
  readonly holds: readonly ProjectedHold[];
  readonly entries: readonly ProjectedEntry[];
};

const ACCOUNTS = `
  select account_id, tenant, version, currency_code, balance_minor, held_minor,
         overdraft_limit_minor, status, debits_frozen, credits_frozen, owner, labels
    from balances where account_id >= $1::uuid and account_id <= $2::uuid
   order by account_id limit $3`;

const HOLDS = `
  select account_id, hold_id, remaining_minor,
         (extract(epoch from expires_at) * 1000000)::bigint as expires_micros
    from open_holds where account_id >= $1::uuid and account_id <= $2::uuid
   order by account_id, hold_id limit $3`;

const ENTRIES = `
  select e.account_id, e.version, e.type,
         (extract(epoch from e.recorded_at) * 1000000)::bigint as recorded_micros, e.amount_minor,
         e.balance_after_minor, e.currency_code, e.operation_id, e.reference, e.value_date,
         n.counterpart_account_id, n.counterpart_version, n.hold_id, n.reversed_version
    from entries e left join entry_links n using (account_id, version)
   where (e.account_id, e.version) > ($1::uuid, $2::bigint)
     and (e.account_id, e.version) <= ($3::uuid, $4::bigint)
   order by e.account_id, e.version limit $5`;

export async function readProjectionPage(
  pool: pg.Pool,
  from: EventKey,
  end: EventKey,
  limit: number,
): Promise<ProjectionPage> {
  const ids = [from.accountId, end.accountId, limit];
  const keys = [from.accountId, from.version, end.accountId, end.version, limit];
  return await withTransaction(pool, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    const ask = async <Row extends object>(name: string, text: string, values: unknown[]) =>
      (await client.query<Row>({ name, text, values })).rows;
    return {
      accounts: await ask<ProjectedAccount>('projected_accounts', ACCOUNTS, ids),
      holds: await ask<ProjectedHold>('projected_holds', HOLDS, ids),
      entries: await ask<ProjectedEntry>('projected_entries', ENTRIES, keys),
    };
  });
}

/** As of one moment. */
export type ShownVersion = { readonly version: bigint | undefined; readonly isParked: boolean };

const VERSIONS = `
  select x.id::text as account_id, b.version, p.account_id is not null as is_parked
    from unnest($1::uuid[]) as x(id)
    left join balances b on b.account_id = x.id
    left join parked_accounts p on p.account_id = x.id`;

/** The versions that these accounts are projected at, if they are. */
export async function readShownVersions(
  pool: pg.Pool,
  accountIds: readonly string[],
): Promise<Map<string, ShownVersion>> {
  const { rows } = await pool.query<{
    account_id: string;
    version: bigint | null;
    is_parked: boolean;
  }>({ name: 'read_shown_versions', text: VERSIONS, values: [accountIds] });
  return new Map(
    rows.map(({ account_id, version, is_parked }) => [
      account_id,
      { version: version ?? undefined, isParked: is_parked },
    ]),
  );
}

export async function countAccounts(pool: pg.Pool): Promise<bigint> {
  const { rows } = await pool.query<{ count: bigint }>('select count(*)::bigint from balances');
  return rows[0]?.count ?? 0n;
}
