/** The refused items of a submission after an index, ascending. */
import type { Pool } from 'pg';

const SQL = `
  select item_index, account_id, operation_id, reason, message, field from rejections
   where tenant = $1 and submission_id = $2 and item_index > $3
   order by item_index limit $4`;

export type StoredRejection = {
  readonly item_index: bigint;
  readonly account_id: string;
  readonly operation_id: string;
  readonly reason: string;
  readonly message: string;
  readonly field: string;
};

export async function listRejections(
  pool: Pool,
  submission: { readonly tenant: string; readonly submissionId: string },
  afterIndex: number,
  limit: number,
): Promise<StoredRejection[]> {
  const { rows } = await pool.query<StoredRejection>({
    name: 'list-rejections',
    text: SQL,
    values: [submission.tenant, submission.submissionId, afterIndex, limit],
  });
  return rows;
}
