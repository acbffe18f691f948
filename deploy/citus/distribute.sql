-- Spreads what is kept by account over the workers of a Citus cluster: run it by psql on the
-- coordinator, as the owner, on the event store and on the projection store, after `npm run
-- db:setup` and before the first command. It distributes what is there and is not distributed yet:
-- run it as often as you like. All else stays on the coordinator: the outbox with its publication
-- and its slot, heads, submissions, acknowledgements.
--
-- It is checked here against PostgreSQL's parser and against the keys of these tables, and not run
-- with Citus: docs/scale.md says what that leaves to be tried.
do $$
declare
  -- The first one says where an account lives; what is kept beside it by the same key lives there.
  of_store text[] := case
    when to_regclass('events') is not null
      then array['events', 'open_holds', 'ended_holds', 'reversals', 'account_keys']
    else array['balances', 'entries', 'entry_links', 'open_holds']
  end;
  name text;
begin
  foreach name in array of_store loop
    continue when exists (select from pg_dist_partition where logicalrel = to_regclass(name));
    if name = of_store[1] then
      perform create_distributed_table(name, 'account_id');
    else
      perform create_distributed_table(name, 'account_id', colocate_with => of_store[1]);
    end if;
  end loop;
end
$$;
