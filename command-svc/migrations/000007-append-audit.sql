-- append_batch writes what the audit says of a batch, too, in the append's transaction. All else is
-- as 000002 tells. Whoever calls it without p_audit, a replica of before, stores no rows of it.

drop function append_batch(
  integer, bigint, bigint, uuid, uuid, uuid[], uuid[], jsonb, text, timestamptz, uuid[], bytea,
  jsonb, jsonb
);

create function append_batch(
  p_partition integer,
  p_position bigint,
  p_known bigint,
  p_known_batch_id uuid,
  p_batch_id uuid,
  p_refused_only uuid[],
  p_claim_ids uuid[],
  p_claims jsonb,
  p_traceparent text,
  p_stored_at timestamptz,
  p_account_ids uuid[],
  p_payload bytea,
  p_parts jsonb,
  p_rejections jsonb,
  p_audit jsonb default null
) returns bigint
language plpgsql volatile as $$
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
$$;
