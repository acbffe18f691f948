/**
 * Where the next row of a submission starts that holds nothing below an index; undefined when there
 * is none.
 */
import type { ClientBase, Pool } from 'pg';

const SQL = `
  select min(first_index) as next_index from submission_batches
   where tenant = $1 and submission_id = $2 and last_index >= $3 and first_index >= $3`;

export async function readNextStoredIndex(
  db: ClientBase | Pool,
  submission: { readonly tenant: string; readonly submissionId: string },
  fromIndex: number,
): Promise<number | undefined> {
  const { rows } = await db.query<{ next_index: bigint | null }>({
    name: 'read-next-stored-index',
    text: SQL,
    values: [submission.tenant, submission.submissionId, fromIndex],
  });
  const next = rows[0]?.next_index ?? undefined;
  return next === undefined ? undefined : Number(next);
}
