/** The refused items among some indexes of a submission. */
import type { Pool } from 'pg';
import type { StoredRejection } from './list-rejections.ts';

const SQL = `
  select item_index, account_id, operation_id, reason, message, field from rejections
   where tenant = $1 and submission_id = $2 and item_index = any($3::bigint[])`;

export async function readRejectionsAt(
  pool: Pool,
  submission: { readonly tenant: string; readonly submissionId: string },
  indexes: readonly number[],
): Promise<StoredRejection[]> {
  const { rows } = await pool.query<StoredRejection>({
    name: 'read-rejections-at',
    text: SQL,
    values: [submission.tenant, submission.submissionId, indexes],
  });
  return rows;
}
