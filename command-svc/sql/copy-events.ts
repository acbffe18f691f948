/**
 * A page of the table `events`, by account and version, with all that the chain is over: by binary
 * COPY, since verification reads everything. Ids are canonical UUIDs: they stand in the statement.
 */
import type { Pool } from 'pg';
import { copyRows } from '#platform/copy-rows.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import type { TableEvent } from '../stored-event.ts';

/** A place between two events: after this one. */
export type EventPlace = { readonly accountId: string; readonly version: bigint };

/** Behind all events of an account. */
export const behind = (accountId: string): EventPlace => ({
  accountId,
  version: 2n ** 63n - 1n,
});

export async function copyEvents(
  db: Pool,
  after: EventPlace,
  lastAccountId: string,
  rowsMax: number,
): Promise<TableEvent[]> {
  const rows = await copyRows(
    db,
    `select account_id, version, recorded_at, type, hash, operation_id, payload
       from events
      where (account_id, version) > ('${after.accountId}'::uuid, ${after.version}::bigint)
        and account_id <= '${lastAccountId}'::uuid
      order by account_id, version limit ${rowsMax}`,
  );
  const events: TableEvent[] = [];
  while (rows.next()) {
    const accountBytes = rows.slice();
    const version = rows.int64();
    const recordedAtMicros = rows.micros();
    const type = rows.int16();
    const hash = rows.slice().toString('latin1');
    const operationId = rows.field() ? uuidFromBytes(rows.bytes, rows.start) : undefined;
    rows.field();
    const payload = { source: rows.bytes, start: rows.start, end: rows.end };
    events.push({ accountBytes, version, recordedAtMicros, type, hash, operationId, ...payload });
  }
  return events;
}
