create table account_keys (
  account_id uuid not null,
  key_id bigint not null,
  constraint account_keys_pkey PRIMARY KEY (account_id)
);
comment on table account_keys is 'Which key an account''s texts are sealed by.';

create table archived_ranges (
  partition integer not null,
  first_seq bigint not null,
  last_seq bigint not null,
  file_name text not null,
  sha256 text not null,
  archived_at timestamp with time zone not null default now(),
  constraint archived_ranges_check CHECK ((last_seq >= first_seq)),
  constraint archived_ranges_first_seq_check CHECK ((first_seq > 0)),
  constraint archived_ranges_pkey PRIMARY KEY (partition, first_seq)
);
comment on table archived_ranges is 'Positions of the log that are in a file of the archive, every one of them.';
comment on column archived_ranges.sha256 is 'Of the file, in hex.';

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
comment on table audit is 'Who did what. Rows are added in the transaction of what they tell, and never changed.';
comment on column audit.peer is 'The address that the call came from; empty: it is not known.';
comment on column audit.actions is 'Single commands: one each, beside account_ids and operation_ids (null: none given).';
comment on column audit.seq is 'With partition: the row of the log that holds what was stored.';
comment on column audit.result is 'OK, or the status and the reason of a refusal.';

create table cdc_heartbeat (
  ts timestamp with time zone not null default now()
);
comment on table cdc_heartbeat is 'Debezium inserts here, so that its slot moves on when nothing else is written.';

create table ended_holds (
  account_id uuid not null,
  hold_id uuid not null,
  ended_as text not null,
  constraint ended_holds_ended_as_check CHECK ((ended_as = ANY (ARRAY['captured'::text, 'released'::text, 'expired'::text]))),
  constraint ended_holds_pkey PRIMARY KEY (account_id, hold_id)
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table ended_holds is 'Holds that are no more: their ids are not used again, and a late capture is told why.';

create table events (
  account_id uuid not null,
  version bigint not null,
  recorded_at timestamp with time zone not null,
  type smallint not null,
  hash bytea not null,
  payload bytea not null,
  operation_id uuid,
  content_hash bytea,
  constraint events_pkey PRIMARY KEY (account_id, version),
  constraint events_version_check CHECK ((version > 0))
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table events is NULL;
comment on column events.hash is 'SHA-256 over the hash before, account, version, type, time, operation id and payload.';
comment on column events.content_hash is 'First 8 bytes of SHA-256 over the command, where the caller gave an operation id.';

create table key_encryption_keys (
  kek_id text not null,
  wrapped_secret bytea not null,
  seals_all boolean not null,
  since timestamp with time zone not null default now(),
  constraint key_encryption_keys_pkey PRIMARY KEY (kek_id)
);
comment on table key_encryption_keys is 'The key-encryption keys in use. Each wraps the same secret, by which owners are found.';
comment on column key_encryption_keys.seals_all is 'Nothing was stored before texts were sealed.';

create table ledger (
  only_row boolean not null default true,
  log_id uuid not null default gen_random_uuid(),
  partition_count integer not null,
  created_at timestamp with time zone not null default now(),
  constraint ledger_only_row_check CHECK (only_row),
  constraint ledger_partition_count_check CHECK (((partition_count >= 1) AND (partition_count <= 1024))),
  constraint ledger_pkey PRIMARY KEY (only_row)
);
comment on table ledger is 'One row: which log this is. log_id is renewed by the restore procedure.';

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
  placed_version bigint not null,
  remaining_minor bigint not null,
  expires_at timestamp with time zone,
  constraint open_holds_pkey PRIMARY KEY (account_id, hold_id),
  constraint open_holds_remaining_minor_check CHECK ((remaining_minor > 0))
);
comment on table open_holds is 'What each open hold still sets aside. An account''s newest event carries the sum.';
comment on column open_holds.placed_version is 'The version of its HoldPlaced.';

create table outbox (
  partition integer not null,
  seq bigint not null,
  batch_id uuid not null,
  previous_batch_id uuid,
  aggregatetype text not null default 'account-events'::text,
  aggregateid text not null,
  type text not null,
  traceparent text,
  stored_at timestamp with time zone not null,
  account_ids uuid[] not null storage external,
  payload bytea not null storage external,
  constraint outbox_pkey PRIMARY KEY (partition, seq),
  constraint outbox_seq_check CHECK ((seq > 0))
) with (autovacuum_vacuum_insert_scale_factor=0.5, toast_tuple_target=8160);
comment on table outbox is 'The log: one row a batch. account_ids names the accounts of all its items, refused ones too.';
comment on column outbox.previous_batch_id is 'Of the row before it: who has seen that row knows whether this one is of the same history.';

create table owner_keys (
  key_id bigint not null,
  tenant text not null,
  owner_index bytea not null,
  kek_id text,
  wrapped_key bytea,
  created_at timestamp with time zone not null default now(),
  erased_at timestamp with time zone,
  erased_by text,
  erased_why text,
  erasure_no bigint,
  constraint owner_keys_check CHECK (((wrapped_key IS NULL) = (erased_at IS NOT NULL))),
  constraint owner_keys_check1 CHECK (((kek_id IS NULL) = (erased_at IS NOT NULL))),
  constraint owner_keys_check2 CHECK (((erasure_no IS NULL) = (erased_at IS NULL))),
  constraint owner_keys_erasure_no_key UNIQUE (erasure_no),
  constraint owner_keys_kek_id_fkey FOREIGN KEY (kek_id) REFERENCES key_encryption_keys(kek_id),
  constraint owner_keys_pkey PRIMARY KEY (key_id)
) with (autovacuum_vacuum_scale_factor=0.001, autovacuum_vacuum_threshold=0);
comment on table owner_keys is 'One living key an owner and tenant; those of erased owners have no key any more.';
comment on column owner_keys.owner_index is 'HMAC-SHA256 of tenant and owner by a key of the secret: the owner''s name stands nowhere.';
comment on column owner_keys.erasure_no is 'Counts up, in the order of commit: whoever has seen n looks for what is above it.';

create table partition_heads (
  partition integer not null,
  seq bigint not null default 0,
  constraint partition_heads_pkey PRIMARY KEY (partition),
  constraint partition_heads_seq_check CHECK ((seq >= 0))
) with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=100, fillfactor=10);
comment on table partition_heads is 'The newest position of each partition. Its row lock makes positions dense.';

create table rejections (
  tenant text not null,
  submission_id text not null,
  item_index bigint not null,
  batch_id uuid not null,
  account_id text not null,
  operation_id text not null,
  reason text not null,
  message text not null,
  field text not null,
  constraint rejections_pkey PRIMARY KEY (tenant, submission_id, item_index)
);
comment on table rejections is NULL;

create table reversals (
  account_id uuid not null,
  reversed_version bigint not null,
  version bigint not null,
  constraint reversals_pkey PRIMARY KEY (account_id, reversed_version)
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table reversals is 'Which event undid which: none is undone twice.';

create table submission_batches (
  tenant text not null,
  submission_id text not null,
  partition integer not null,
  seq bigint not null,
  batch_id uuid not null,
  first_index bigint not null,
  last_index bigint not null,
  accepted integer not null,
  rejected integer not null,
  replayed integer not null,
  currency_codes text[] not null,
  amounts_minor bigint[] not null,
  items bytea not null,
  hashes bytea not null,
  constraint submission_batches_pkey PRIMARY KEY (tenant, submission_id, partition, seq)
) with (autovacuum_vacuum_insert_scale_factor=0.5);
comment on table submission_batches is NULL;
comment on column submission_batches.amounts_minor is 'Accepted sums, one for each of currency_codes.';
comment on column submission_batches.items is 'Varints, ascending: (distance to the index before << 2) | outcome, the first counted from 0.';
comment on column submission_batches.hashes is '8 bytes of content hash an item, in the same order.';

create table submission_claims (
  tenant text not null,
  submission_id text not null,
  claim_id uuid not null,
  first_index bigint not null,
  end_index bigint not null,
  constraint submission_claims_check CHECK ((end_index >= first_index)),
  constraint submission_claims_pkey PRIMARY KEY (tenant, submission_id, claim_id)
);
comment on table submission_claims is NULL;
comment on column submission_claims.end_index is 'The first index after the range.';

create table submissions (
  tenant text not null,
  submission_id text not null,
  created_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  total_items bigint,
  reverses text,
  reversal_hash bytea,
  constraint submissions_pkey PRIMARY KEY (tenant, submission_id)
);
comment on table submissions is NULL;
comment on column submissions.reverses is 'The submission that this one undoes: it takes no other items.';
comment on column submissions.reversal_hash is 'First 8 bytes of SHA-256 over what its caller asked for.';

create sequence owner_keys_key_id_seq as bigint start 1 increment 1 cache 1;

CREATE INDEX account_keys_key ON public.account_keys USING btree (key_id, account_id);

CREATE INDEX audit_at ON public.audit USING brin (at) WITH (pages_per_range='16');

CREATE UNIQUE INDEX events_operation ON public.events USING btree (account_id, operation_id) WHERE (operation_id IS NOT NULL);

CREATE INDEX open_holds_expiry ON public.open_holds USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE UNIQUE INDEX owner_keys_living ON public.owner_keys USING btree (owner_index) WHERE (erased_at IS NULL);

CREATE INDEX owner_keys_owner ON public.owner_keys USING btree (owner_index) WHERE (erased_at IS NOT NULL);

CREATE INDEX submission_batches_window ON public.submission_batches USING btree (tenant, submission_id, last_index, first_index);

CREATE INDEX submissions_newest ON public.submissions USING btree (tenant, created_at, submission_id);

CREATE INDEX submissions_open ON public.submissions USING btree (tenant, created_at, submission_id) WHERE (closed_at IS NULL);

CREATE UNIQUE INDEX submissions_reversed ON public.submissions USING btree (tenant, reverses) WHERE (reverses IS NOT NULL);

CREATE OR REPLACE FUNCTION public.append_batch(p_partition integer, p_position bigint, p_known bigint, p_known_batch_id uuid, p_batch_id uuid, p_refused_only uuid[], p_claim_ids uuid[], p_claims jsonb, p_traceparent text, p_stored_at timestamp with time zone, p_account_ids uuid[], p_payload bytea, p_parts jsonb, p_rejections jsonb, p_audit jsonb DEFAULT NULL::jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  v_seq bigint := p_position;
  v_locked integer;
begin
  if v_seq is null then
    update partition_heads set seq = seq + 1 where partition = p_partition returning seq into v_seq;
    if v_seq is null then
      raise exception 'partition % has no head', p_partition using errcode = 'BK000';
    end if;
    if v_seq <= p_known then
      raise exception 'partition % is at %, behind %', p_partition, v_seq - 1, p_known
        using errcode = 'BK001';
    end if;
    if p_known_batch_id is not null then
      perform 1 from outbox
        where partition = p_partition and seq = p_known and batch_id = p_known_batch_id;
      if not found then
        raise exception 'HEAD_MOVED: partition % holds another batch at %', p_partition, p_known
          using errcode = 'BK001';
      end if;
    end if;
    if v_seq > p_known + 1 then
      perform 1 from outbox
        where partition = p_partition and seq > p_known and seq < v_seq
          and (batch_id = p_batch_id or account_ids && p_refused_only)
        limit 1;
      if found or not exists (
        select from outbox where partition = p_partition and seq = p_known + 1
      ) then
        raise exception 'HEAD_MOVED: partition % from % to %', p_partition, p_known, v_seq - 1
          using errcode = 'BK001';
      end if;
    end if;
    select count(*) into v_locked from (
      select 1 from submission_claims c
        join jsonb_to_recordset(p_claims) as x(t text, s text, c uuid)
          on c.tenant = x.t and c.submission_id = x.s and c.claim_id = x.c
        order by c.tenant, c.submission_id, c.claim_id
        for key share of c
    ) locked;
    if v_locked < cardinality(p_claim_ids) then
      raise exception 'CLAIM_GONE' using errcode = 'BK002';
    end if;
  end if;

  insert into outbox (partition, seq, batch_id, previous_batch_id, aggregateid, type, traceparent,
      stored_at, account_ids, payload)
    values (p_partition, v_seq, p_batch_id,
            (select batch_id from outbox where partition = p_partition and seq = v_seq - 1),
            p_partition::text, 'EventBatch', p_traceparent, p_stored_at, p_account_ids, p_payload);

  if p_parts is not null then
    insert into submission_batches (tenant, submission_id, partition, seq, batch_id, first_index,
        last_index, accepted, rejected, replayed, currency_codes, amounts_minor, items, hashes)
      select x.t, x.s, p_partition, v_seq, p_batch_id, x.f, x.l, x.a, x.r, x.d, x.c, x.m,
             decode(x.i, 'base64'), decode(x.h, 'base64')
        from jsonb_to_recordset(p_parts) as x(t text, s text, f bigint, l bigint, a integer,
             r integer, d integer, c text[], m bigint[], i text, h text);
  end if;

  if p_rejections is not null then
    insert into rejections (tenant, submission_id, item_index, batch_id, account_id, operation_id,
        reason, message, field)
      select x.t, x.s, x.i, p_batch_id, x.a, x.o, x.r, x.m, x.f
        from jsonb_to_recordset(p_rejections) as x(t text, s text, i bigint, a text, o text,
             r text, m text, f text);
  end if;

  if p_audit is not null then
    insert into audit (at, tenant, subject, peer, actions, submission_id, account_ids,
        operation_ids, partition, seq, accepted, rejected)
      select p_stored_at, x.t, x.u, x.p, x.c, x.s, x.a, x.o, p_partition, v_seq, x.n, x.r
        from jsonb_to_recordset(p_audit) as x(t text, u text, p text, c text[], s text, a uuid[],
             o uuid[], n integer, r integer);
  end if;

  return v_seq;
end
$function$
;
comment on function append_batch(integer,bigint,bigint,uuid,uuid,uuid[],uuid[],jsonb,text,timestamp with time zone,uuid[],bytea,jsonb,jsonb,jsonb) is NULL;

CREATE OR REPLACE FUNCTION public.append_holds(p_changes jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  v_expected bigint;
  v_changed bigint;
  v_found bigint;
begin
  select count(*) into v_expected
    from jsonb_to_recordset(p_changes) as x(p boolean) where not x.p;

  update open_holds o set remaining_minor = x.r
    from jsonb_to_recordset(p_changes) as x(a uuid, h uuid, p boolean, r bigint, o text)
   where o.account_id = x.a and o.hold_id = x.h and not x.p and x.o is null;
  get diagnostics v_changed = row_count;

  delete from open_holds o
    using jsonb_to_recordset(p_changes) as x(a uuid, h uuid, p boolean, o text)
   where o.account_id = x.a and o.hold_id = x.h and not x.p and x.o is not null;
  get diagnostics v_found = row_count;

  if v_changed + v_found <> v_expected then
    raise exception 'HOLD_DIFFERS: % of % holds are open', v_changed + v_found, v_expected
      using errcode = 'BK003';
  end if;

  insert into open_holds (account_id, hold_id, placed_version, remaining_minor, expires_at)
    select x.a, x.h, x.v, x.r, 'epoch'::timestamptz + x.e * interval '1 microsecond'
      from jsonb_to_recordset(p_changes)
           as x(a uuid, h uuid, p boolean, v bigint, r bigint, e bigint, o text)
     where x.p and x.o is null;

  insert into ended_holds (account_id, hold_id, ended_as)
    select x.a, x.h, x.o from jsonb_to_recordset(p_changes) as x(a uuid, h uuid, o text)
     where x.o is not null;
end
$function$
;
comment on function append_holds(jsonb) is NULL;

create publication bank_outbox for table cdc_heartbeat, outbox with (publish = 'insert');

grant delete, insert, select on cdc_heartbeat to bank_cdc;
grant delete, insert, select on open_holds to bank_command;
grant delete, insert, select on submission_claims to bank_command;
grant delete, insert, select on submissions to bank_command;
grant execute on function append_batch(integer,bigint,bigint,uuid,uuid,uuid[],uuid[],jsonb,text,timestamp with time zone,uuid[],bytea,jsonb,jsonb,jsonb) to bank_command;
grant execute on function append_holds(jsonb) to bank_command;
grant insert, select on account_keys to bank_command;
grant insert, select on audit to bank_command;
grant insert, select on ended_holds to bank_command;
grant insert, select on events to bank_command;
grant insert, select on key_encryption_keys to bank_command;
grant insert, select on outbox to bank_command;
grant insert, select on owner_keys to bank_command;
grant insert, select on rejections to bank_command;
grant insert, select on reversals to bank_command;
grant insert, select on submission_batches to bank_command;
grant select on account_keys to bank_projector;
grant select on archived_ranges to bank_command;
grant select on archived_ranges to bank_projector;
grant select on cdc_heartbeat to bank_projector;
grant select on events to bank_projector;
grant select on key_encryption_keys to bank_projector;
grant select on ledger to bank_command;
grant select on ledger to bank_projector;
grant select on migrations to bank_command;
grant select on migrations to bank_projector;
grant select on outbox to bank_cdc;
grant select on outbox to bank_projector;
grant select on owner_keys to bank_projector;
grant select on partition_heads to bank_command;
grant select on partition_heads to bank_projector;
grant select on submission_batches to bank_projector;
grant select on submissions to bank_projector;
grant update (closed_at, total_items) on submissions to bank_command;
grant update (end_index) on submission_claims to bank_command;
grant update (erased_at, erased_by, erased_why, erasure_no, kek_id, wrapped_key) on owner_keys to bank_command;
grant update (remaining_minor) on open_holds to bank_command;
grant update (seq) on partition_heads to bank_command;
