/** The index after the highest one that is stored of a submission; 0 when nothing is. */
import type { ClientBase, Pool } from 'pg';

const SQL = `
  select coalesce(max(last_index) + 1, 0)::bigint as stored_end from submission_batches
   where tenant = $1 and submission_id = $2`;

export async function readStoredEnd(
  db: ClientBase | Pool,
  tenant: string,
  submissionId: string,
): Promise<number> {
  const { rows } = await db.query<{ stored_end: bigint }>({
    name: 'read-stored-end',
    text: SQL,
    values: [tenant, submissionId],
  });
  return Number(rows[0]?.stored_end ?? 0n);
}
