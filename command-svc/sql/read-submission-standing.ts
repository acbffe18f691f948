/**
 * Whether a submission is closed, and with how many items. Undefined: there is no such submission.
 */
import type { Pool } from 'pg';
import type { LockedSubmission } from './lock-submission.ts';

const SQL = `
  select closed_at is not null as closed, total_items from submissions
   where tenant = $1 and submission_id = $2`;

export async function readSubmissionStanding(
  pool: Pool,
  tenant: string,
  submissionId: string,
): Promise<Pick<LockedSubmission, 'closed' | 'totalItems'> | undefined> {
  const { rows } = await pool.query<{ closed: boolean; total_items: bigint | null }>({
    name: 'read-submission-standing',
    text: SQL,
    values: [tenant, submissionId],
  });
  const [row] = rows;
  return row && { closed: row.closed, totalItems: row.total_items ?? undefined };
}
