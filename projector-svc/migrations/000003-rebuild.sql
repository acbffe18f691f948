-- Rebuilds of the projection beside the live one: what is known of each, and what only the owner
-- may do for the projector: make the tables, put them in the place of the live ones, drop them. A
-- table keeps its name and moves from schema to schema: it is filled in `rebuild`, live in
-- `public`, and kept in `previous` after the next one has taken its place.

create schema rebuild;
create schema previous;

create table rebuilds (
  rebuild_id uuid primary key,
  state text not null
    check (state in ('running', 'stopped', 'caught_up', 'swapped', 'dropped', 'failed')),
  message text not null default '',
  events bigint not null default 0,
  events_total bigint not null default 0,
  events_per_second bigint not null default 0,
  entry_differences bigint,
  differences bigint,
  first_differences jsonb not null default '[]',
  started_at timestamptz not null default now()
);
comment on table rebuilds is 'The rebuild that is there, and those that were dropped before it.';
comment on column rebuilds.entry_differences is
  'Entries that differ from the live ones, compared before the swap; null: not compared yet.';
comment on column rebuilds.differences is 'Rows that differ from the live ones, entries included.';
create unique index rebuilds_open on rebuilds ((true)) where state <> 'dropped';

-- The tables that follow from the log.
create function rebuilt_tables() returns text[] language sql immutable
return array['projected_heads', 'balances', 'entries', 'entry_links', 'open_holds',
             'acknowledgements', 'closed_submissions'];

-- Makes the tables of a rebuild as the live ones are: columns, checks, settings, keys and indexes
-- by their names, rights. Every partition begins at 0.
create function make_rebuild() returns void language plpgsql security definer
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
  insert into rebuild.projected_heads (partition) select partition from public.projected_heads;
end $$;

-- What the planner must know of a table before it is live: a statement for each, so that each has
-- the time of one.
create function analyze_rebuild(name text) returns void language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if name <> all (public.rebuilt_tables()) then
    raise exception '% is no table of a rebuild', name;
  end if;
  execute format('analyze rebuild.%I', name);
end $$;

-- What a retry of dead letters has told apart, by numbers that callers' tokens hold, stays told
-- apart in the rebuilt rows, wherever they tell the same items of the same append.
create function keep_retried() returns void language plpgsql as $$
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
end $$;

-- Puts the rebuilt tables in the place of the live ones, which are kept in `previous`. What was
-- told of submissions stays as it is, unless it is to be replaced too. The heads go on with the
-- numbers of retries that were given: no token names a number that is given again.
create function swap_rebuild(replaces_told boolean) returns void language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
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
end $$;

-- Drops what is beside the live tables: those of a rebuild, or the old ones after a swap.
create function drop_rebuild() returns void language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  name text;
begin
  foreach name in array public.rebuilt_tables() loop
    execute format('drop table if exists rebuild.%1$I, previous.%1$I', name);
  end loop;
end $$;

revoke execute on function make_rebuild(), analyze_rebuild(text), swap_rebuild(boolean),
  drop_rebuild() from public;
