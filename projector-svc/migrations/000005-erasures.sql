-- Erasures of owners: who opens texts moves a head only when it knows of all those that were taken
-- out of the projection.

alter table projected_heads add column erasure_no bigint not null default 0;
comment on column projected_heads.erasure_no is
  'Only who knows the erasures of owners up to this one moves it: no erased text comes after.';

create table purged_erasures (
  only_row boolean primary key default true check (only_row),
  erasure_no bigint not null default 0
);
comment on table purged_erasures is
  'One row: up to which erasure of the event store no text is left here.';
insert into purged_erasures default values;

drop function move_projected_head(
  integer, bigint, bigint, bigint, uuid, timestamptz, bigint, bigint
);

-- Moves a partition's head from the position that the caller believes it to be at, or raises PH001.
-- A retry since then counts too: the caller's accounts to leave out are older than it. So does an
-- erasure that the caller does not know: its texts are older than it. Whoever calls it without
-- known_erasure_no, a replica of before, knows of none.
create function move_projected_head(
  of_partition integer, expected_seq bigint, expected_retry_no bigint, new_seq bigint,
  new_batch_id uuid, at timestamptz, filled bigint, applied bigint,
  known_erasure_no bigint default 0
) returns void language plpgsql as $$
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
end $$;

-- Makes the tables of a rebuild as the live ones are: columns, checks, settings, keys and indexes
-- by their names, rights. Every partition begins at 0, and asks for the erasures that the live one
-- asks for. The live heads are locked to the end: an erasure that comes meanwhile waits, and then
-- finds these tables.
create or replace function make_rebuild() returns void language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
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
end $$;
