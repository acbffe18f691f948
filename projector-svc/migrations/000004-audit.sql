-- The audit: who did what, when, from where, and with which result. Added to and read, never
-- changed. The same shape as the event store's, for what is done to the projection.

create table audit (
  at timestamptz not null default clock_timestamp(),
  tenant text not null,
  subject text not null,
  peer text not null,
  actions text[] not null,
  submission_id text,
  account_ids uuid[] not null default '{}',
  operation_ids uuid[] not null default '{}',
  partition integer,
  seq bigint,
  accepted integer not null default 0,
  rejected integer not null default 0,
  result text not null default 'OK',
  detail text not null default ''
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
comment on table audit is 'Who did what. Rows are added, and never changed.';
comment on column audit.peer is 'The address that the call came from; empty: it is not known.';
comment on column audit.actions is
  'Single commands: one each, beside account_ids and operation_ids (null: none given).';
comment on column audit.seq is
  'With partition: the row of the log that holds what was stored.';
comment on column audit.result is 'OK, or the status and the reason of a refusal.';
-- Rows come in the order of time: a range of it is a range of pages.
create index audit_at on audit using brin (at) with (pages_per_range = 16);
