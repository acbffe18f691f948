/**
 * Makes the submission's row unless it is there. Waits for another transaction that is just making
 * it.
 */
import type { ClientBase } from 'pg';

const SQL = `
  insert into submissions (tenant, submission_id, created_at) values ($1, $2, now())
  on conflict (tenant, submission_id) do nothing`;

export async function createSubmission(
  client: ClientBase,
  tenant: string,
  submissionId: string,
): Promise<void> {
  await client.query({ name: 'create-submission', text: SQL, values: [tenant, submissionId] });
}
