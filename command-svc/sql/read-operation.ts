/** The event that an operation made in an account: what its receipt is rebuilt from. */
import type { Pool } from 'pg';

const SQL = `
  select version, type, (extract(epoch from recorded_at) * 1000000)::bigint as recorded_at, payload
    from events where account_id = $1 and operation_id = $2`;

export type OperationEvent = {
  readonly version: bigint;
  readonly type: number;
  readonly recordedAtMicros: bigint;
  readonly payload: Buffer;
};

type Row = { version: bigint; type: number; recorded_at: bigint; payload: Buffer };

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
  const { version, type, recorded_at: recordedAtMicros, payload } = row;
  return { version, type, recordedAtMicros, payload };
}
