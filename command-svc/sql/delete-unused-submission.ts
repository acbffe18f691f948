/**
 * Frees a submission's id: under its lock, and only while nothing is stored of it and nobody claims
 * a part of it.
 */
import type { ClientBase } from 'pg';

const SQL = `
  delete from submissions s
   where s.tenant = $1 and s.submission_id = $2 and s.closed_at is null
     and not exists (select from submission_batches b
                      where b.tenant = s.tenant and b.submission_id = s.submission_id)
     and not exists (select from submission_claims c
                      where c.tenant = s.tenant and c.submission_id = s.submission_id)`;

export async function deleteUnusedSubmission(
  client: ClientBase,
  submission: { readonly tenant: string; readonly submissionId: string },
): Promise<void> {
  await client.query({
    name: 'delete-unused-submission',
    text: SQL,
    values: [submission.tenant, submission.submissionId],
  });
}
