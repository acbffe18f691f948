/**
 * Takes the next position of several partitions, and with them the heads' row locks until the
 * transaction ends. In ascending order, like everyone who takes more than one: no two transactions
 * can wait for each other here.
 */
import type { ClientBase } from 'pg';

const SQL = `
  with locked as materialized (
    select partition from partition_heads where partition = any($1::integer[])
     order by partition
       for no key update)
  update partition_heads h set seq = h.seq + 1 from locked l where h.partition = l.partition
  returning h.partition, h.seq`;

/** The position taken in each partition. */
export async function takePositions(
  client: ClientBase,
  partitions: readonly number[],
): Promise<Map<number, bigint>> {
  const { rows } = await client.query<{ partition: number; seq: bigint }>({
    name: 'take-positions',
    text: SQL,
    values: [partitions],
  });
  if (rows.length !== partitions.length) {
    throw new Error(`${rows.length} of the partitions ${partitions.join(', ')} have heads`);
  }
  return new Map(rows.map(({ partition, seq }) => [partition, seq]));
}
