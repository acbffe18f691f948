/**
 * The tables of the PostgreSQL floor: the columns and keys of events, entries and balances as the
 * services have them, in one database, so that one commit stores all three.
 */
export const FLOOR_SCHEMA = `
  create table events (
    account_id uuid not null,
    version bigint not null,
    recorded_at timestamptz not null,
    type smallint not null,
    hash bytea not null,
    payload bytea not null,
    operation_id uuid,
    content_hash bytea,
    primary key (account_id, version)
  );
  create unique index events_operation on events (account_id, operation_id)
    where operation_id is not null;
  create table entries (
    account_id uuid not null,
    version bigint not null,
    type smallint not null,
    recorded_at timestamptz not null,
    amount_minor bigint not null,
    balance_after_minor bigint not null,
    currency_code text not null,
    operation_id uuid,
    submission_id text,
    item_index bigint,
    reference text not null,
    value_date date,
    primary key (account_id, version)
  );
  create table balances (
    account_id uuid primary key,
    version bigint not null,
    currency_code text not null,
    balance_minor bigint not null,
    owner text not null,
    updated_at timestamptz not null
  ) with (fillfactor = 80);
  create function update_balances(
    account_ids uuid[], versions bigint[], balances_minor bigint[], at timestamptz
  ) returns void language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  begin
    update balances b
       set version = n.version, balance_minor = n.balance_minor, updated_at = at
      from unnest(account_ids, versions, balances_minor) as n (account_id, version, balance_minor)
     where b.account_id = n.account_id and b.version < n.version;
  end $$;
  create table deposits (
    account_id uuid not null,
    version bigint not null,
    recorded_at timestamptz not null,
    amount_minor bigint not null,
    hash bytea not null,
    payload bytea not null,
    primary key (account_id, version)
  );`;

export const COPY_EVENTS = `
  copy events (account_id, version, recorded_at, type, hash, payload, operation_id, content_hash)
  from stdin (format binary)`;

export const COPY_ENTRIES = `
  copy entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
    currency_code, operation_id, submission_id, item_index, reference, value_date)
  from stdin (format binary)`;

export const UPDATE_BALANCES =
  "select update_balances($1, $2, $3, 'epoch'::timestamptz + $4::bigint * interval '1 ms')";
