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
  stored_at timestamp with time zone not null,
  projected_at timestamp with time zone not null,
  constraint acknowledgements_pkey PRIMARY KEY (tenant, submission_id, partition, seq, retry_no)
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table acknowledgements is 'The accepted items of one submission in one record that can be read.';
comment on column acknowledgements.retry_no is 'Above 0: a dead letter that was retried; counts up in its partition.';
comment on column acknowledgements.item_indexes is 'Varints, ascending: the first as it is, each other as the distance to the one before.';
comment on column acknowledgements.other_seqs is 'With other_partitions: positions of the same append, to be reached before this row is told.';

create table audit (
  at timestamp with time zone not null default clock_timestamp(),
  tenant text not null,
  subject text not null,
  peer text not null,
  actions text[] not null,
  submission_id text,
  account_ids uuid[] not null default '{}'::uuid[],
  operation_ids uuid[] not null default '{}'::uuid[],
  partition integer,
  seq bigint,
  accepted integer not null default 0,
  rejected integer not null default 0,
  result text not null default 'OK'::text,
  detail text not null default ''::text
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table audit is 'Who did what. Rows are added, and never changed.';
comment on column audit.peer is 'The address that the call came from; empty: it is not known.';
comment on column audit.actions is 'Single commands: one each, beside account_ids and operation_ids (null: none given).';
comment on column audit.seq is 'With partition: the row of the log that holds what was stored.';
comment on column audit.result is 'OK, or the status and the reason of a refusal.';

create table balances (
  account_id uuid not null,
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
  opened_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  projected_at timestamp with time zone not null,
  constraint balances_pkey PRIMARY KEY (account_id)
) with (fillfactor=85);
comment on table balances is 'The state of each account as of version.';
comment on column balances.updated_at is 'When the event of this version was recorded.';

create table closed_submissions (
  tenant text not null,
  submission_id text not null,
  accepted bigint not null,
  rejected bigint not null,
  replayed bigint not null,
  total_items bigint not null,
  last_partitions integer[] not null,
  last_seqs bigint[] not null,
  constraint closed_submissions_pkey PRIMARY KEY (tenant, submission_id)
);
comment on table closed_submissions is NULL;
comment on column closed_submissions.last_seqs is 'With last_partitions: the last position of every partition that holds a part of the submission.';

create table dead_letters (
  dead_letter_id uuid not null,
  partition integer not null,
  seq bigint not null,
  source text not null,
  is_unread boolean not null,
  kafka_offset bigint,
  headers jsonb not null,
  payload bytea not null,
  payload_bytes bigint not null,
  cause text not null,
  message text not null,
  found_at timestamp with time zone not null,
  retries integer not null default 0,
  constraint dead_letters_pkey PRIMARY KEY (dead_letter_id),
  constraint dead_letters_source_check CHECK ((source = ANY (ARRAY['kafka'::text, 'store'::text])))
);
comment on table dead_letters is 'Records that could not be applied as they came.';
comment on column dead_letters.seq is '0: the record does not tell.';
comment on column dead_letters.source is 'kafka: its bytes only, the event store has the record. store: events of it are not applied.';
comment on column dead_letters.is_unread is 'Of the store: nothing of the record is applied, not what it says beside its events either.';
comment on column dead_letters.payload is 'The first bytes of payload_bytes.';

create table entries (
  account_id uuid not null,
  version bigint not null,
  type smallint not null,
  recorded_at timestamp with time zone not null,
  amount_minor bigint not null,
  balance_after_minor bigint not null,
  currency_code text not null,
  operation_id uuid,
  submission_id text,
  item_index bigint,
  reference text not null,
  value_date date,
  state_after bytea,
  constraint entries_pkey PRIMARY KEY (account_id, version)
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table entries is 'One line of a statement for each event.';
comment on column entries.amount_minor is 'The signed change of the balance; 0 where the event changes none.';
comment on column entries.state_after is 'bank.event.v1.AccountState after events that change more than the balance; else null.';

create table entry_links (
  account_id uuid not null,
  version bigint not null,
  counterpart_account_id uuid,
  counterpart_version bigint,
  hold_id uuid,
  reversed_version bigint,
  constraint entry_links_pkey PRIMARY KEY (account_id, version)
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table entry_links is 'What an entry names beside itself: a row for entries that name something only.';

create table migrations (
  number integer not null,
  name text not null,
  sha256 text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migrations_pkey PRIMARY KEY (number)
);
comment on table migrations is 'Which files of the migrations folder have been applied.';

create table open_holds (
  account_id uuid not null,
  hold_id uuid not null,
  remaining_minor bigint not null,
  expires_at timestamp with time zone,
  constraint open_holds_pkey PRIMARY KEY (account_id, hold_id),
  constraint open_holds_remaining_minor_check CHECK ((remaining_minor > 0))
);
comment on table open_holds is 'What each open hold sets aside. One whose time has passed stays until its end is projected.';

create table parked_accounts (
  account_id uuid not null,
  partition integer not null,
  dead_letter_id uuid not null,
  parked_at timestamp with time zone not null,
  constraint parked_accounts_dead_letter_id_fkey FOREIGN KEY (dead_letter_id) REFERENCES dead_letters(dead_letter_id),
  constraint parked_accounts_pkey PRIMARY KEY (account_id)
);
comment on table parked_accounts is 'Accounts with an event that cannot be applied; their later events wait, all others flow.';

create table projected_heads (
  partition integer not null,
  seq bigint not null default 0,
  batch_id uuid,
  projected_at timestamp with time zone,
  filled_records bigint not null default 0,
  events bigint not null default 0,
  retry_no bigint not null default 0,
  erasure_no bigint not null default 0,
  constraint projected_heads_pkey PRIMARY KEY (partition),
  constraint projected_heads_seq_check CHECK ((seq >= 0))
) with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=100, fillfactor=10);
comment on table projected_heads is 'The position that is applied, of each partition. Moved first in every transaction.';
comment on column projected_heads.filled_records is 'Records read from the outbox because Kafka did not bring them.';
comment on column projected_heads.events is 'Events of the records up to seq, about: by them the progress of a rebuild is told.';
comment on column projected_heads.retry_no is 'Counts up at each retry of dead letters, under the row lock; numbers their acknowledgements.';
comment on column projected_heads.erasure_no is 'Only who knows the erasures of owners up to this one moves it: no erased text comes after.';

create table purged_erasures (
  only_row boolean not null default true,
  erasure_no bigint not null default 0,
  constraint purged_erasures_only_row_check CHECK (only_row),
  constraint purged_erasures_pkey PRIMARY KEY (only_row)
);
comment on table purged_erasures is 'One row: up to which erasure of the event store no text is left here.';

create table rebuilds (
  rebuild_id uuid not null,
  state text not null,
  message text not null default ''::text,
  events bigint not null default 0,
  events_total bigint not null default 0,
  events_per_second bigint not null default 0,
  entry_differences bigint,
  differences bigint,
  first_differences jsonb not null default '[]'::jsonb,
  started_at timestamp with time zone not null default now(),
  constraint rebuilds_pkey PRIMARY KEY (rebuild_id),
  constraint rebuilds_state_check CHECK ((state = ANY (ARRAY['running'::text, 'stopped'::text, 'caught_up'::text, 'swapped'::text, 'dropped'::text, 'failed'::text])))
);
comment on table rebuilds is 'The rebuild that is there, and those that were dropped before it.';
comment on column rebuilds.entry_differences is 'Entries that differ from the live ones, compared before the swap; null: not compared yet.';
comment on column rebuilds.differences is 'Rows that differ from the live ones, entries included.';

create table waiting_items (
  tenant text not null,
  submission_id text not null,
  item_index bigint not null,
  account_id uuid not null,
  waiting_seq bigint not null,
  partition integer not null,
  seq bigint not null,
  constraint waiting_items_account_id_fkey FOREIGN KEY (account_id) REFERENCES parked_accounts(account_id),
  constraint waiting_items_pkey PRIMARY KEY (tenant, submission_id, item_index, account_id)
);
comment on table waiting_items is 'Accepted items that are not told: an account of theirs is parked.';
comment on column waiting_items.waiting_seq is 'Where the event that waits stands.';
comment on column waiting_items.seq is 'With partition: where the item counts.';

create table waiting_records (
  account_id uuid not null,
  seq bigint not null,
  constraint waiting_records_account_id_fkey FOREIGN KEY (account_id) REFERENCES parked_accounts(account_id),
  constraint waiting_records_pkey PRIMARY KEY (account_id, seq)
);
comment on table waiting_records is 'Where events of parked accounts stand in the log of their partition: read again at the retry.';

CREATE INDEX acknowledgements_retried ON public.acknowledgements USING btree (tenant, submission_id, partition, retry_no) WHERE (retry_no > 0);

CREATE INDEX audit_at ON public.audit USING brin (at) WITH (pages_per_range='16');

CREATE INDEX balances_labels ON public.balances USING gin (labels jsonb_path_ops) WHERE (labels <> '{}'::jsonb);

CREATE INDEX balances_owner ON public.balances USING btree (owner COLLATE "C", account_id) WHERE (owner <> ''::text);

CREATE INDEX balances_tenant ON public.balances USING btree (tenant COLLATE "C", account_id) WHERE (tenant <> ''::text);

CREATE INDEX dead_letters_from_kafka ON public.dead_letters USING btree (found_at DESC, dead_letter_id) WHERE (source = 'kafka'::text);

CREATE INDEX dead_letters_place ON public.dead_letters USING btree (partition, seq, dead_letter_id);

CREATE INDEX dead_letters_unread ON public.dead_letters USING btree (partition, seq) WHERE is_unread;

CREATE UNIQUE INDEX entry_links_reversed ON public.entry_links USING btree (account_id, reversed_version) WHERE (reversed_version IS NOT NULL);

CREATE INDEX parked_accounts_letter ON public.parked_accounts USING btree (dead_letter_id, account_id);

CREATE INDEX parked_accounts_partition ON public.parked_accounts USING btree (partition);

CREATE UNIQUE INDEX rebuilds_open ON public.rebuilds USING btree ((true)) WHERE (state <> 'dropped'::text);

CREATE INDEX waiting_items_account ON public.waiting_items USING btree (account_id, waiting_seq);

CREATE INDEX waiting_items_place ON public.waiting_items USING btree (tenant, submission_id, partition, seq);

CREATE OR REPLACE FUNCTION public.analyze_rebuild(name text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if name <> all (public.rebuilt_tables()) then
    raise exception '% is no table of a rebuild', name;
  end if;
  execute format('analyze rebuild.%I', name);
end $function$
;
comment on function analyze_rebuild(text) is NULL;

CREATE OR REPLACE FUNCTION public.drop_rebuild()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  name text;
begin
  foreach name in array public.rebuilt_tables() loop
    execute format('drop table if exists rebuild.%1$I, previous.%1$I', name);
  end loop;
end $function$
;
comment on function drop_rebuild() is NULL;

CREATE OR REPLACE FUNCTION public.first_version_at(of_account_id uuid, newest bigint, at timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE STRICT
AS $function$
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
end $function$
;
comment on function first_version_at(uuid,bigint,timestamp with time zone) is NULL;

CREATE OR REPLACE FUNCTION public.keep_retried()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into rebuild.acknowledgements
    select l.*
      from public.acknowledgements l
      join rebuild.acknowledgements r using (tenant, submission_id, partition, seq)
     where l.retry_no > 0 and r.retry_no = 0 and l.stored_at = r.stored_at
       and r.item_count = (
             select sum(a.item_count) from public.acknowledgements a
              where (a.tenant, a.submission_id, a.partition, a.seq)
                  = (l.tenant, l.submission_id, l.partition, l.seq));
  -- Left of the row that told all of them: what the first one says, or nothing.
  update rebuild.acknowledgements r
     set item_count = l.item_count, item_indexes = l.item_indexes
    from public.acknowledgements l
   where (l.tenant, l.submission_id, l.partition, l.seq, l.retry_no)
       = (r.tenant, r.submission_id, r.partition, r.seq, 0)
     and r.retry_no = 0
     and (r.tenant, r.submission_id, r.partition, r.seq) in (
           select k.tenant, k.submission_id, k.partition, k.seq
             from rebuild.acknowledgements k where k.retry_no > 0);
  delete from rebuild.acknowledgements r
   where r.retry_no = 0
     and (r.tenant, r.submission_id, r.partition, r.seq) in (
           select k.tenant, k.submission_id, k.partition, k.seq
             from rebuild.acknowledgements k where k.retry_no > 0)
     and not exists (
           select from public.acknowledgements l
            where (l.tenant, l.submission_id, l.partition, l.seq, l.retry_no)
                = (r.tenant, r.submission_id, r.partition, r.seq, 0));
end $function$
;
comment on function keep_retried() is NULL;

CREATE OR REPLACE FUNCTION public.keep_waiting(records jsonb, items jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into waiting_records (account_id, seq)
    select x.a, x.s from jsonb_to_recordset(records) as x(a uuid, s bigint)
    on conflict do nothing;
  insert into waiting_items (tenant, submission_id, item_index, account_id, waiting_seq, partition,
      seq)
    select x.t, x.u, x.i, x.a, x.w, x.p, x.s
      from jsonb_to_recordset(items)
           as x(t text, u text, i bigint, a uuid, w bigint, p integer, s bigint)
    on conflict do nothing;
end $function$
;
comment on function keep_waiting(jsonb,jsonb) is NULL;

CREATE OR REPLACE FUNCTION public.make_rebuild()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  name text;
  live regclass;
  statement text;
begin
  foreach name in array public.rebuilt_tables() loop
    live := format('public.%I', name)::regclass;
    execute format('create table rebuild.%1$I (like public.%1$I including all excluding indexes)',
                   name);
    for statement in
      select format('alter table rebuild.%I set (%s)', name, array_to_string(c.reloptions, ', '))
        from pg_class c where c.oid = live and c.reloptions is not null
      union all
      select format('alter table rebuild.%I add constraint %I %s', name, k.conname,
                    pg_get_constraintdef(k.oid))
        from pg_constraint k where k.conrelid = live and k.contype in ('p', 'u')
      union all
      select replace(pg_get_indexdef(i.indexrelid), format(' ON public.%I ', name),
                     format(' ON rebuild.%I ', name))
        from pg_index i
       where i.indrelid = live
         and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
      union all
      select format('comment on table rebuild.%I is %L', name, obj_description(live, 'pg_class'))
      union all
      select format('grant %s on rebuild.%I to %s', string_agg(x.privilege_type, ', '), name,
                    x.grantee::regrole)
        from pg_class c, aclexplode(c.relacl) x
       where c.oid = live and x.grantee <> c.relowner and x.grantee <> 0 group by x.grantee
    loop
      execute statement;
    end loop;
  end loop;
  insert into rebuild.projected_heads (partition, erasure_no)
    select partition, erasure_no from public.projected_heads order by partition for share;
end $function$
;
comment on function make_rebuild() is NULL;

CREATE OR REPLACE FUNCTION public.move_projected_head(of_partition integer, expected_seq bigint, expected_retry_no bigint, new_seq bigint, new_batch_id uuid, at timestamp with time zone, filled bigint, applied bigint, known_erasure_no bigint DEFAULT 0)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update projected_heads
     set seq = new_seq, batch_id = new_batch_id, projected_at = at,
         filled_records = filled_records + filled, events = events + applied
   where partition = of_partition and seq = expected_seq and retry_no = expected_retry_no
     and erasure_no <= known_erasure_no;
  if not found then
    raise exception 'HEAD_MOVED: partition % is not at %', of_partition, expected_seq
      using errcode = 'PH001';
  end if;
end $function$
;
comment on function move_projected_head(integer,bigint,bigint,bigint,uuid,timestamp with time zone,bigint,bigint,bigint) is NULL;

CREATE OR REPLACE FUNCTION public.rebuilt_tables()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
RETURN ARRAY['projected_heads'::text, 'balances'::text, 'entries'::text, 'entry_links'::text, 'open_holds'::text, 'acknowledgements'::text, 'closed_submissions'::text]
;
comment on function rebuilt_tables() is NULL;

CREATE OR REPLACE FUNCTION public.swap_rebuild(replaces_told boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  name text;
begin
  update rebuild.projected_heads r
     set filled_records = l.filled_records, retry_no = l.retry_no,
         projected_at = coalesce(l.projected_at, r.projected_at)
    from public.projected_heads l where l.partition = r.partition;
  if replaces_told then
    perform public.keep_retried();
  end if;
  foreach name in array public.rebuilt_tables() loop
    if name in ('acknowledgements', 'closed_submissions') and not replaces_told then
      execute format('drop table rebuild.%I', name);
    else
      execute format('alter table public.%I set schema previous', name);
      execute format('alter table rebuild.%I set schema public', name);
    end if;
  end loop;
end $function$
;
comment on function swap_rebuild(boolean) is NULL;

CREATE OR REPLACE FUNCTION public.update_balances(account_ids uuid[], versions bigint[], balances_minor bigint[], helds_minor bigint[], overdraft_limits_minor bigint[], statuses smallint[], debits_frozens boolean[], credits_frozens boolean[], updated_ats timestamp with time zone[], at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
end $function$
;
comment on function update_balances(uuid[],bigint[],bigint[],bigint[],bigint[],smallint[],boolean[],boolean[],timestamp with time zone[],timestamp with time zone) is NULL;

CREATE OR REPLACE FUNCTION public.update_holds(changes jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
end $function$
;
comment on function update_holds(jsonb) is NULL;

grant delete, insert, select, update on acknowledgements to bank_projector;
grant delete, insert, select, update on balances to bank_projector;
grant delete, insert, select, update on closed_submissions to bank_projector;
grant delete, insert, select, update on dead_letters to bank_projector;
grant delete, insert, select, update on entries to bank_projector;
grant delete, insert, select, update on entry_links to bank_projector;
grant delete, insert, select, update on open_holds to bank_projector;
grant delete, insert, select, update on parked_accounts to bank_projector;
grant delete, insert, select, update on projected_heads to bank_projector;
grant delete, insert, select, update on purged_erasures to bank_projector;
grant delete, insert, select, update on rebuilds to bank_projector;
grant delete, insert, select, update on waiting_items to bank_projector;
grant delete, insert, select, update on waiting_records to bank_projector;
grant execute on function analyze_rebuild(text) to bank_projector;
grant execute on function drop_rebuild() to bank_projector;
grant execute on function first_version_at(uuid,bigint,timestamp with time zone) to bank_projector;
grant execute on function first_version_at(uuid,bigint,timestamp with time zone) to bank_query;
grant execute on function keep_retried() to bank_projector;
grant execute on function keep_waiting(jsonb,jsonb) to bank_projector;
grant execute on function make_rebuild() to bank_projector;
grant execute on function move_projected_head(integer,bigint,bigint,bigint,uuid,timestamp with time zone,bigint,bigint,bigint) to bank_projector;
grant execute on function rebuilt_tables() to bank_projector;
grant execute on function swap_rebuild(boolean) to bank_projector;
grant execute on function update_balances(uuid[],bigint[],bigint[],bigint[],bigint[],smallint[],boolean[],boolean[],timestamp with time zone[],timestamp with time zone) to bank_projector;
grant execute on function update_holds(jsonb) to bank_projector;
grant insert, select on audit to bank_projector;
grant select on balances to bank_query;
grant select on entries to bank_query;
grant select on entry_links to bank_query;
grant select on migrations to bank_projector;
grant select on migrations to bank_query;
grant select on open_holds to bank_query;
