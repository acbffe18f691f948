/**
 * The log's row that closes a submission, at the position that the transaction has taken. It names
 * no account.
 */
import type { ClientBase } from 'pg';

const SQL = `
  insert into outbox (partition, seq, batch_id, previous_batch_id, aggregateid, type, traceparent,
                      stored_at, account_ids, payload)
  values ($1::integer, $2, $3,
          (select batch_id from outbox where partition = $1::integer and seq = $2::bigint - 1),
          $1::integer::text, 'SubmissionClosed', $4,
          'epoch'::timestamptz + $5::bigint * interval '1 microsecond', '{}', $6)`;

export type ClosingRow = {
  readonly partition: number;
  readonly seq: bigint;
  readonly batchId: string;
  readonly traceparent: string | undefined;
  readonly storedAtMicros: bigint;
  readonly payload: Uint8Array;
};

export async function insertClosingRow(client: ClientBase, row: ClosingRow): Promise<void> {
  await client.query({
    name: 'insert-closing-row',
    text: SQL,
    values: [
      row.partition,
      row.seq,
      row.batchId,
      row.traceparent ?? null,
      row.storedAtMicros,
      Buffer.from(row.payload),
    ],
  });
}
