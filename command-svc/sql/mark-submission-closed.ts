/** Fixes a submission's total, under its lock. */
import type { ClientBase } from 'pg';

const SQL = `
  update submissions
     set closed_at = 'epoch'::timestamptz + $3::bigint * interval '1 microsecond', total_items = $4
   where tenant = $1 and submission_id = $2 and closed_at is null`;

export type ClosedSubmission = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly closedAtMicros: bigint;
  readonly totalItems: bigint;
};

export async function markSubmissionClosed(
  client: ClientBase,
  closed: ClosedSubmission,
): Promise<void> {
  const { tenant, submissionId, closedAtMicros, totalItems } = closed;
  const { rowCount } = await client.query({
    name: 'mark-submission-closed',
    text: SQL,
    values: [tenant, submissionId, closedAtMicros, totalItems],
  });
  if (rowCount !== 1) throw new Error(`submission ${submissionId} was not open under its own lock`);
}
