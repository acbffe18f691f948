-- Keys of personal text. Each owner has a data key, wrapped by a key-encryption key that stands
-- nowhere here; the texts of an owner's accounts in events and outbox are sealed by it. To destroy
-- the key is to erase the texts, wherever copies of the log are.

create table key_encryption_keys (
  kek_id text primary key,
  wrapped_secret bytea not null,
  seals_all boolean not null,
  since timestamptz not null default now()
);
comment on table key_encryption_keys is
  'The key-encryption keys in use. Each wraps the same secret, by which owners are found.';

comment on column key_encryption_keys.seals_all is
  'Nothing was stored before texts were sealed.';

create table owner_keys (
  key_id bigint generated always as identity primary key,
  tenant text not null,
  owner_index bytea not null,
  kek_id text references key_encryption_keys,
  wrapped_key bytea,
  created_at timestamptz not null default now(),
  erased_at timestamptz,
  erased_by text,
  erased_why text,
  erasure_no bigint unique,
  check ((wrapped_key is null) = (erased_at is not null)),
  check ((kek_id is null) = (erased_at is not null)),
  check ((erasure_no is null) = (erased_at is null))
) with (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0.001);
comment on table owner_keys is
  'One living key an owner and tenant; those of erased owners have no key any more.';
comment on column owner_keys.owner_index is
  'HMAC-SHA256 of tenant and owner by a key of the secret: the owner''s name stands nowhere.';
comment on column owner_keys.erasure_no is
  'Counts up, in the order of commit: whoever has seen n looks for what is above it.';
create unique index owner_keys_living on owner_keys (owner_index) where erased_at is null;
create index owner_keys_owner on owner_keys (owner_index) where erased_at is not null;

create table account_keys (
  account_id uuid primary key,
  key_id bigint not null
);
comment on table account_keys is 'Which key an account''s texts are sealed by.';
create index account_keys_key on account_keys (key_id, account_id);
