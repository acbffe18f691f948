-- Rows of the log that stand in files of an archive, and no longer in `outbox`. Written and deleted
-- with the rows themselves, in one transaction, by whoever archives (npm run ops -- archive).

create table archived_ranges (
  partition integer not null,
  first_seq bigint not null check (first_seq > 0),
  last_seq bigint not null check (last_seq >= first_seq),
  file_name text not null,
  sha256 text not null,
  archived_at timestamptz not null default now(),
  primary key (partition, first_seq)
);
comment on table archived_ranges is
  'Positions of the log that are in a file of the archive, every one of them.';
comment on column archived_ranges.sha256 is 'Of the file, in hex.';
