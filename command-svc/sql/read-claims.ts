/** The claims that overlap a range, under the submission's lock: no other can come. */
import type { ClientBase } from 'pg';
import type { ClaimRange } from './delete-claims.ts';

const SQL = `
  select claim_id from submission_claims
   where tenant = $1 and submission_id = $2 and first_index < $4 and end_index > $3`;

/** Their ids. */
export async function readClaims(client: ClientBase, range: ClaimRange): Promise<string[]> {
  const { tenant, submissionId, firstIndex, endIndex } = range;
  const { rows } = await client.query<{ claim_id: string }>({
    name: 'read-claims',
    text: SQL,
    values: [tenant, submissionId, firstIndex, endIndex],
  });
  return rows.map((row) => row.claim_id);
}
