-- append_holds: what a batch makes of its holds, in the append's transaction, after the events and
-- before append_batch. Only batches that touch holds send it. A hold that is not as the batch found
-- it raises BK003: its account's next version was free, so that cannot be.
--
-- p_changes, one a hold: a account, h hold, p placed by this batch, v its HoldPlaced's version,
-- r what it has left, e when it expires in microseconds, o how it ended; e and o null for none.

create function append_holds(p_changes jsonb) returns void
language plpgsql volatile
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
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
$$;
