/**
 * The stored indexes of a whole submission, row by row, ascending by first index: a cursor, so that
 * memory stays flat however many rows there are. Needs an open transaction; whoever stops early
 * leaves the rest unread.
 */
import type { ClientBase } from 'pg';

const DECLARE = `
  declare submission_rows no scroll cursor for
  select first_index, items from submission_batches
   where tenant = $1 and submission_id = $2
   order by first_index`;
const FETCH = 'fetch forward 100 from submission_rows';
const CLOSE = 'close submission_rows';

export type SubmissionBatchItems = { readonly firstIndex: number; readonly items: Buffer };

export async function* readSubmissionBatches(
  client: ClientBase,
  tenant: string,
  submissionId: string,
): AsyncGenerator<SubmissionBatchItems> {
  await client.query(DECLARE, [tenant, submissionId]);
  for (;;) {
    const { rows } = await client.query<{ first_index: bigint; items: Buffer }>(FETCH);
    for (const row of rows) yield { firstIndex: Number(row.first_index), items: row.items };
    if (rows.length === 0) break;
  }
  await client.query(CLOSE);
}
