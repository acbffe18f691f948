/**
 * Ends every claim that overlaps a range, in key order. Waits for the appends in flight that stand
 * on them: what those have stored is seen by the statements after this one, and no later append of
 * theirs can succeed.
 */
import type { ClientBase } from 'pg';

const SQL = `
  with overlapping as materialized (
    select claim_id from submission_claims
     where tenant = $1 and submission_id = $2 and first_index < $4 and end_index > $3
     order by claim_id
       for update)
  delete from submission_claims c using overlapping o
   where c.tenant = $1 and c.submission_id = $2 and c.claim_id = o.claim_id`;

export type ClaimRange = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly firstIndex: bigint;
  readonly endIndex: bigint;
};

export async function deleteClaims(client: ClientBase, range: ClaimRange): Promise<number> {
  const { tenant, submissionId, firstIndex, endIndex } = range;
  const { rowCount } = await client.query({
    name: 'delete-claims',
    text: SQL,
    values: [tenant, submissionId, firstIndex, endIndex],
  });
  return rowCount ?? 0;
}
