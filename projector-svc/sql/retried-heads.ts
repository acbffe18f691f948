/**
 * The heads that a retry works under: of its own partition, and of those where items count that it
 * tells. Locked ascending, as everywhere; their retry_no numbers the acknowledgements.
 */
import type pg from 'pg';

const PARTITIONS_OF_ITEMS = `
  select distinct partition from waiting_items
   where account_id = any($1::uuid[]) and waiting_seq = any($2::bigint[])`;
const LOCK = `
  select partition, seq, retry_no from projected_heads
   where partition = any($1::integer[]) order by partition for no key update`;
const KEEP = `
  update projected_heads h set retry_no = x.retry_no
    from unnest($1::integer[], $2::bigint[]) as x (partition, retry_no)
   where h.partition = x.partition`;

export type RetriedHead = { readonly partition: number; readonly seq: bigint; retryNo: bigint };
export type RetriedHeads = ReadonlyMap<number, RetriedHead>;

/** Where the items count that wait with these events. */
export async function partitionsOfItems(
  pool: pg.Pool,
  accountIds: readonly string[],
  seqs: readonly bigint[],
): Promise<number[]> {
  const values = [accountIds, seqs];
  const { rows } = await pool.query<{ partition: number }>(PARTITIONS_OF_ITEMS, values);
  return rows.map(({ partition }) => partition);
}

export async function lockHeads(
  client: pg.ClientBase,
  partitions: readonly number[],
): Promise<RetriedHeads> {
  const { rows } = await client.query<{ partition: number; seq: bigint; retry_no: bigint }>(LOCK, [
    partitions,
  ]);
  return new Map(
    rows.map(({ partition, seq, retry_no }) => [partition, { partition, seq, retryNo: retry_no }]),
  );
}

export function lockedHead(heads: RetriedHeads, partition: number): RetriedHead {
  const head = heads.get(partition);
  if (head === undefined) throw new Error(`the head of partition ${partition} is not locked`);
  return head;
}

/** The next number of a partition. */
export function nextRetryNo(heads: RetriedHeads, partition: number): bigint {
  return (lockedHead(heads, partition).retryNo += 1n);
}

export async function keepRetryNos(client: pg.ClientBase, heads: RetriedHeads): Promise<void> {
  const all = [...heads.values()];
  const values = [all.map(({ partition }) => partition), all.map(({ retryNo }) => retryNo)];
  await client.query(KEEP, values);
}
