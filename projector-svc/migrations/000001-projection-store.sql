-- The projection store: what callers read. Everything here follows from the log, position by
-- position. Run by the owner (npm run db:setup), which also makes one row of projected_heads a
-- partition, and the grants.

create table projected_heads (
  partition integer primary key,
  seq bigint not null default 0 check (seq >= 0),
  batch_id uuid,
  projected_at timestamptz,
  filled_records bigint not null default 0,
  events bigint not null default 0,
  retry_no bigint not null default 0
) with (fillfactor = 10, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0);
comment on table projected_heads is
  'The position that is applied, of each partition. Moved first in every transaction.';
comment on column projected_heads.filled_records is
  'Records read from the outbox because Kafka did not bring them.';
comment on column projected_heads.events is
  'Events of the records up to seq, about: by them the progress of a rebuild is told.';
comment on column projected_heads.retry_no is
  'Counts up at each retry of dead letters, under the row lock; numbers their acknowledgements.';

create table balances (
  account_id uuid primary key,
  tenant text not null,
  version bigint not null,
  currency_code text not null,
  balance_minor bigint not null,
  held_minor bigint not null,
  overdraft_limit_minor bigint not null,
  status smallint not null,
  debits_frozen boolean not null,
  credits_frozen boolean not null,
  owner text not null,
  labels jsonb not null,
  opened_at timestamptz not null,
  updated_at timestamptz not null,
  projected_at timestamptz not null
) with (fillfactor = 85);
comment on table balances is 'The state of each account as of version.';
comment on column balances.updated_at is 'When the event of this version was recorded.';
-- For ListAccounts. Deposits change none of these columns, so that their updates stay HOT.
create index balances_owner on balances (owner collate "C", account_id) where owner <> '';
create index balances_labels on balances using gin (labels jsonb_path_ops) where labels <> '{}';

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
  state_after bytea,
  primary key (account_id, version)
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on table entries is 'One line of a statement for each event.';
comment on column entries.amount_minor is
  'The signed change of the balance; 0 where the event changes none.';
comment on column entries.state_after is
  'bank.event.v1.AccountState after events that change more than the balance; else null.';

-- The first version of an account, up to the one behind its newest, that was recorded at the time
-- or later: times never fall within an account, so a few probes of the primary key find it.
create function first_version_at(of_account_id uuid, newest bigint, at timestamptz)
returns bigint language plpgsql stable strict as $$
declare
  low bigint := 1;
  high bigint := newest + 1;
  middle bigint;
  recorded timestamptz;
begin
  while low < high loop
    middle := low + (high - low) / 2;
    select e.recorded_at into strict recorded
      from entries e where e.account_id = of_account_id and e.version = middle;
    if recorded >= at then high := middle; else low := middle + 1; end if;
  end loop;
  return low;
end $$;

create table entry_links (
  account_id uuid not null,
  version bigint not null,
  counterpart_account_id uuid,
  counterpart_version bigint,
  hold_id uuid,
  reversed_version bigint,
  primary key (account_id, version)
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on table entry_links is
  'What an entry names beside itself: a row for entries that name something only.';
create unique index entry_links_reversed on entry_links (account_id, reversed_version)
  where reversed_version is not null;

create table open_holds (
  account_id uuid not null,
  hold_id uuid not null,
  remaining_minor bigint not null check (remaining_minor > 0),
  expires_at timestamptz,
  primary key (account_id, hold_id)
);
comment on table open_holds is
  'What each open hold sets aside. One whose time has passed stays until its end is projected.';

create table acknowledgements (
  tenant text not null,
  submission_id text not null,
  partition integer not null,
  seq bigint not null,
  retry_no bigint not null default 0,
  item_count integer not null,
  item_indexes bytea not null,
  other_partitions integer[] not null,
  other_seqs bigint[] not null,
  traceparent text,
  stored_at timestamptz not null,
  projected_at timestamptz not null,
  primary key (tenant, submission_id, partition, seq, retry_no)
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on table acknowledgements is
  'The accepted items of one submission in one record that can be read.';
comment on column acknowledgements.item_indexes is
  'Varints, ascending: the first as it is, each other as the distance to the one before.';
comment on column acknowledgements.other_seqs is
  'With other_partitions: positions of the same append, to be reached before this row is told.';
comment on column acknowledgements.retry_no is
  'Above 0: a dead letter that was retried; counts up in its partition.';
create index acknowledgements_retried
  on acknowledgements (tenant, submission_id, partition, retry_no) where retry_no > 0;

create table closed_submissions (
  tenant text not null,
  submission_id text not null,
  accepted bigint not null,
  rejected bigint not null,
  replayed bigint not null,
  total_items bigint not null,
  last_partitions integer[] not null,
  last_seqs bigint[] not null,
  primary key (tenant, submission_id)
);
comment on column closed_submissions.last_seqs is
  'With last_partitions: the last position of every partition that holds a part of the submission.';

-- Moves a partition's head from the position that the caller believes it to be at, or raises PH001.
-- A retry since then counts too: the caller's accounts to leave out are older than it.
create function move_projected_head(
  of_partition integer, expected_seq bigint, expected_retry_no bigint, new_seq bigint,
  new_batch_id uuid, at timestamptz, filled bigint, applied bigint
) returns void language plpgsql as $$
begin
  update projected_heads
     set seq = new_seq, batch_id = new_batch_id, projected_at = at,
         filled_records = filled_records + filled, events = events + applied
   where partition = of_partition and seq = expected_seq and retry_no = expected_retry_no;
  if not found then
    raise exception 'HEAD_MOVED: partition % is not at %', of_partition, expected_seq
      using errcode = 'PH001';
  end if;
end $$;

-- Brings accounts to their newest state. One that is missing or not older than what comes raises
-- PH002: by position that cannot be. The settings keep the plan a loop over the key, however small
-- the table was.
create function update_balances(
  account_ids uuid[], versions bigint[], balances_minor bigint[], helds_minor bigint[],
  overdraft_limits_minor bigint[], statuses smallint[], debits_frozens boolean[],
  credits_frozens boolean[], updated_ats timestamptz[], at timestamptz
) returns void language plpgsql
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  changed bigint;
begin
  update balances b
     set version = n.version, balance_minor = n.balance_minor, held_minor = n.held_minor,
         overdraft_limit_minor = n.overdraft_limit_minor, status = n.status,
         debits_frozen = n.debits_frozen, credits_frozen = n.credits_frozen,
         updated_at = n.updated_at, projected_at = at
    from unnest(account_ids, versions, balances_minor, helds_minor, overdraft_limits_minor,
                statuses, debits_frozens, credits_frozens, updated_ats)
      as n (account_id, version, balance_minor, held_minor, overdraft_limit_minor, status,
            debits_frozen, credits_frozen, updated_at)
   where b.account_id = n.account_id and b.version < n.version;
  get diagnostics changed = row_count;
  if changed <> cardinality(account_ids) then
    raise exception 'BALANCE_DIFFERS: % of % accounts were there and older',
      changed, cardinality(account_ids)
      using errcode = 'PH002';
  end if;
end $$;

-- What a transaction makes of holds, one a hold: a account, h hold, p placed in it, r what it has
-- left (0: it has ended), e when it expires, microseconds. A hold that is not there raises PH003:
-- by position that cannot be.
create function update_holds(changes jsonb) returns void language plpgsql
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  expected bigint;
  changed bigint;
  ended bigint;
begin
  select count(*) into expected from jsonb_to_recordset(changes) as x(p boolean) where not x.p;
  update open_holds o set remaining_minor = x.r
    from jsonb_to_recordset(changes) as x(a uuid, h uuid, p boolean, r bigint)
   where o.account_id = x.a and o.hold_id = x.h and not x.p and x.r > 0;
  get diagnostics changed = row_count;
  delete from open_holds o
    using jsonb_to_recordset(changes) as x(a uuid, h uuid, p boolean, r bigint)
   where o.account_id = x.a and o.hold_id = x.h and not x.p and x.r = 0;
  get diagnostics ended = row_count;
  if changed + ended <> expected then
    raise exception 'HOLD_DIFFERS: % of % holds were there', changed + ended, expected
      using errcode = 'PH003';
  end if;
  insert into open_holds (account_id, hold_id, remaining_minor, expires_at)
    select x.a, x.h, x.r, 'epoch'::timestamptz + x.e * interval '1 microsecond'
      from jsonb_to_recordset(changes) as x(a uuid, h uuid, p boolean, r bigint, e bigint)
     where x.p and x.r > 0;
end $$;
