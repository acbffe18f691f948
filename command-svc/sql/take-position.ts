/**
 * Takes the next position of a partition, and with it the head's row lock until the transaction
 * ends: whoever holds it is alone in writing that log. A rollback gives the position back, so
 * positions stay dense.
 */
import type { ClientBase } from 'pg';

const SQL = `
  update partition_heads set seq = seq + 1 where partition = $1 returning seq`;

export async function takePosition(client: ClientBase, partition: number): Promise<bigint> {
  const { rows } = await client.query<{ seq: bigint }>({
    name: 'take-position',
    text: SQL,
    values: [partition],
  });
  const seq = rows[0]?.seq;
  if (seq === undefined) throw new Error(`partition ${partition} has no head`);
  return seq;
}
