/**
 * The event that an operation made in an account: what its receipt is rebuilt from. With the
 * account's first event, by which it is somebody's.
 */
import type { Pool } from 'pg';

const SQL = `
  select e.version, e.type, (extract(epoch from e.recorded_at) * 1000000)::bigint as recorded_at,
         e.payload, o.payload as opened
    from events e join events o on o.account_id = e.account_id and o.version = 1
   where e.account_id = $1 and e.operation_id = $2`;

export type OperationEvent = {
  readonly version: bigint;
  readonly type: number;
  readonly recordedAtMicros: bigint;
  readonly payload: Buffer;
  readonly opened: Buffer;
};

type Row = { version: bigint; type: number; recorded_at: bigint; payload: Buffer; opened: Buffer };

export async function readOperation(
  pool: Pool,
  accountId: string,
  operationId: string,
): Promise<OperationEvent | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'read-operation',
    text: SQL,
    values: [accountId, operationId],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  const { version, type, recorded_at: recordedAtMicros, payload, opened } = row;
  return { version, type, recordedAtMicros, payload, opened };
}
