/**
 * The log's row of a batch whose append was not answered, if it was committed: the search goes past
 * `known`.
 */
import type { ClientBase } from 'pg';

const SQL = `
  select seq, payload from outbox where partition = $1 and seq > $2 and batch_id = $3`;

export type BatchRow = { readonly seq: bigint; readonly payload: Buffer };

export async function findBatchRow(
  client: ClientBase,
  partition: number,
  known: bigint,
  batchId: string,
): Promise<BatchRow | undefined> {
  const { rows } = await client.query<BatchRow>({
    name: 'find-batch-row',
    text: SQL,
    values: [partition, known, batchId],
  });
  return rows[0];
}
