/** Events of the event store by (account, version), a bounded number of them, in that order. */
import type pg from 'pg';

/** A place in the order of accounts and versions. */
export type EventKey = { readonly accountId: string; readonly version: bigint };

export type StoredEvent = {
  readonly account_id: string;
  readonly version: bigint;
  readonly type: number;
  readonly payload: Buffer;
  readonly operation_id: string | null;
  readonly recorded_micros: bigint;
};

const PAGE_END = `
  select account_id, version from events
   where (account_id, version) > ($1::uuid, $2::bigint) and account_id <= $3::uuid
   order by account_id, version offset $4 limit 1`;

const PAGE = `
  select account_id, version, type, payload, operation_id,
         (extract(epoch from recorded_at) * 1000000)::bigint as recorded_micros
    from events
   where (account_id, version) > ($1::uuid, $2::bigint)
     and (account_id, version) <= ($3::uuid, $4::bigint)
   order by account_id, version limit $5`;

/** The key of the event that is so many behind `from`; undefined: there are fewer. */
export async function eventPageEnd(
  pool: pg.Pool,
  from: EventKey,
  lastAccountId: string,
  events: number,
): Promise<EventKey | undefined> {
  const { rows } = await pool.query<{ account_id: string; version: bigint }>({
    name: 'event_page_end',
    text: PAGE_END,
    values: [from.accountId, from.version, lastAccountId, events - 1],
  });
  const [row] = rows;
  return row && { accountId: row.account_id, version: row.version };
}

/** Behind `from`, up to `end`. */
export async function readEventPage(
  pool: pg.Pool,
  from: EventKey,
  end: EventKey,
  limit: number,
): Promise<StoredEvent[]> {
  const { rows } = await pool.query<StoredEvent>({
    name: 'read_event_page',
    text: PAGE,
    values: [from.accountId, from.version, end.accountId, end.version, limit],
  });
  return rows;
}
