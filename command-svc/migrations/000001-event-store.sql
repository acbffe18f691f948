-- The event store: dense logs by partition, the same facts by account, and what is stored of
-- submissions. Run by the owner (npm run db:setup). Roles exist before; grants stand at the end.

create table ledger (
  only_row boolean primary key default true check (only_row),
  log_id uuid not null default gen_random_uuid(),
  partition_count integer not null check (partition_count between 1 and 1024),
  created_at timestamptz not null default now()
);
comment on table ledger is
  'One row: which log this is. log_id is renewed by the restore procedure.';

create table partition_heads (
  partition integer primary key,
  seq bigint not null default 0 check (seq >= 0)
) with (fillfactor = 10, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0);
comment on table partition_heads is
  'The newest position of each partition. Its row lock makes positions dense.';

create table outbox (
  partition integer not null,
  seq bigint not null check (seq > 0),
  batch_id uuid not null,
  previous_batch_id uuid,
  aggregatetype text not null default 'account-events',
  aggregateid text not null,
  type text not null,
  traceparent text,
  stored_at timestamptz not null,
  account_ids uuid[] not null,
  payload bytea not null,
  primary key (partition, seq)
) with (autovacuum_vacuum_insert_scale_factor = 0.5, toast_tuple_target = 8160);
comment on table outbox is
  'The log: one row a batch. account_ids names the accounts of all its items, refused ones too.';
comment on column outbox.previous_batch_id is
  'Of the row before it: who has seen that row knows whether this one is of the same history.';
alter table outbox alter column payload set storage external;
alter table outbox alter column account_ids set storage external;

create table cdc_heartbeat (ts timestamptz not null default now());
comment on table cdc_heartbeat is
  'Debezium inserts here, so that its slot moves on when nothing else is written.';

create table events (
  account_id uuid not null,
  version bigint not null check (version > 0),
  recorded_at timestamptz not null,
  type smallint not null,
  hash bytea not null,
  payload bytea not null,
  operation_id uuid,
  content_hash bytea,
  primary key (account_id, version)
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on column events.hash is
  'SHA-256 over the hash before, account, version, type, time, operation id and payload.';
comment on column events.content_hash is
  'First 8 bytes of SHA-256 over the command, where the caller gave an operation id.';
create unique index events_operation on events (account_id, operation_id)
  where operation_id is not null;

create table open_holds (
  account_id uuid not null,
  hold_id uuid not null,
  placed_version bigint not null,
  remaining_minor bigint not null check (remaining_minor > 0),
  expires_at timestamptz,
  primary key (account_id, hold_id)
);
comment on table open_holds is
  'What each open hold still sets aside. An account''s newest event carries the sum.';
comment on column open_holds.placed_version is 'The version of its HoldPlaced.';
create index open_holds_expiry on open_holds (expires_at) where expires_at is not null;

create table ended_holds (
  account_id uuid not null,
  hold_id uuid not null,
  ended_as text not null check (ended_as in ('captured', 'released', 'expired')),
  primary key (account_id, hold_id)
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on table ended_holds is
  'Holds that are no more: their ids are not used again, and a late capture is told why.';

create table reversals (
  account_id uuid not null,
  reversed_version bigint not null,
  version bigint not null,
  primary key (account_id, reversed_version)
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on table reversals is 'Which event undid which: none is undone twice.';

create table submissions (
  tenant text not null,
  submission_id text not null,
  created_at timestamptz not null,
  closed_at timestamptz,
  total_items bigint,
  reverses text,
  reversal_hash bytea,
  primary key (tenant, submission_id)
);
comment on column submissions.reverses is
  'The submission that this one undoes: it takes no other items.';
comment on column submissions.reversal_hash is
  'First 8 bytes of SHA-256 over what its caller asked for.';
create unique index submissions_reversed on submissions (tenant, reverses)
  where reverses is not null;

create table submission_claims (
  tenant text not null,
  submission_id text not null,
  claim_id uuid not null,
  first_index bigint not null,
  end_index bigint not null check (end_index >= first_index),
  primary key (tenant, submission_id, claim_id)
);
comment on column submission_claims.end_index is 'The first index after the range.';

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
  primary key (tenant, submission_id, partition, seq)
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on column submission_batches.items is
  'Varints, ascending: (distance to the index before << 2) | outcome, the first counted from 0.';
comment on column submission_batches.hashes is
  '8 bytes of content hash an item, in the same order.';
comment on column submission_batches.amounts_minor is
  'Accepted sums, one for each of currency_codes.';
create index submission_batches_window
  on submission_batches (tenant, submission_id, last_index, first_index);

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
  primary key (tenant, submission_id, item_index)
);

-- What the topic carries; stored_at and account_ids are for readers of the table.
create publication bank_outbox for table
  outbox (partition, seq, batch_id, previous_batch_id, aggregatetype, aggregateid, type,
          traceparent, payload),
  cdc_heartbeat with (publish = 'insert');
