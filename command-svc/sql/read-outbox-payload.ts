/** The packed row at one position of the log. */
import type { ClientBase, Pool } from 'pg';
import { MissingPositionError } from './missing-position.ts';

const SQL = 'select payload from outbox where partition = $1 and seq = $2';

export async function readOutboxPayload(
  db: ClientBase | Pool,
  partition: number,
  seq: bigint,
): Promise<Buffer> {
  const { rows } = await db.query<{ payload: Buffer }>({
    name: 'read-outbox-payload',
    text: SQL,
    values: [partition, seq],
  });
  const payload = rows[0]?.payload;
  if (payload === undefined) throw new MissingPositionError(partition, seq, 'a batch stands there');
  return payload;
}
