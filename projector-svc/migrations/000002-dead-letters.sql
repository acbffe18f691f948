-- What could not be applied, and what waits for it. All of it is empty while nothing is wrong.

create table dead_letters (
  dead_letter_id uuid primary key,
  partition integer not null,
  seq bigint not null,
  source text not null check (source in ('kafka', 'store')),
  is_unread boolean not null,
  kafka_offset bigint,
  headers jsonb not null,
  payload bytea not null,
  payload_bytes bigint not null,
  cause text not null,
  message text not null,
  found_at timestamptz not null,
  retries integer not null default 0
);
comment on table dead_letters is 'Records that could not be applied as they came.';
comment on column dead_letters.seq is '0: the record does not tell.';
comment on column dead_letters.source is
  'kafka: its bytes only, the event store has the record. store: events of it are not applied.';
comment on column dead_letters.is_unread is
  'Of the store: nothing of the record is applied, not what it says beside its events either.';
comment on column dead_letters.payload is 'The first bytes of payload_bytes.';
create index dead_letters_place on dead_letters (partition, seq, dead_letter_id);
-- For the cut to the newest of those that only Kafka brought.
create index dead_letters_from_kafka on dead_letters (found_at desc, dead_letter_id)
  where source = 'kafka';
create index dead_letters_unread on dead_letters (partition, seq) where is_unread;

create table parked_accounts (
  account_id uuid primary key,
  partition integer not null,
  dead_letter_id uuid not null references dead_letters,
  parked_at timestamptz not null
);
comment on table parked_accounts is
  'Accounts with an event that cannot be applied; their later events wait, all others flow.';
create index parked_accounts_letter on parked_accounts (dead_letter_id, account_id);
create index parked_accounts_partition on parked_accounts (partition);

create table waiting_records (
  account_id uuid not null references parked_accounts,
  seq bigint not null,
  primary key (account_id, seq)
);
comment on table waiting_records is
  'Where events of parked accounts stand in the log of their partition: read again at the retry.';

create table waiting_items (
  tenant text not null,
  submission_id text not null,
  item_index bigint not null,
  account_id uuid not null references parked_accounts,
  waiting_seq bigint not null,
  partition integer not null,
  seq bigint not null,
  primary key (tenant, submission_id, item_index, account_id)
);
comment on table waiting_items is
  'Accepted items that are not told: an account of theirs is parked.';
comment on column waiting_items.waiting_seq is 'Where the event that waits stands.';
comment on column waiting_items.seq is 'With partition: where the item counts.';
create index waiting_items_place on waiting_items (tenant, submission_id, partition, seq);
create index waiting_items_account on waiting_items (account_id, waiting_seq);

-- What a transaction leaves for parked accounts: records {a account, s seq}; items {t tenant,
-- u submission, i index, a account, w where it waits, p and s where it counts}.
create function keep_waiting(records jsonb, items jsonb) returns void language plpgsql as $$
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
end $$;
