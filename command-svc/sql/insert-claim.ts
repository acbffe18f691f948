/**
 * A stream's hold on a range of indexes, under the submission's lock and after all that overlapped
 * is deleted.
 */
import type { ClientBase } from 'pg';
import type { ClaimRange } from './delete-claims.ts';

const SQL = `
  insert into submission_claims (tenant, submission_id, claim_id, first_index, end_index)
  values ($1, $2, $3, $4, $5)`;

export async function insertClaim(
  client: ClientBase,
  claimId: string,
  range: ClaimRange,
): Promise<void> {
  const { tenant, submissionId, firstIndex, endIndex } = range;
  await client.query({
    name: 'insert-claim',
    text: SQL,
    values: [tenant, submissionId, claimId, firstIndex, endIndex],
  });
}
