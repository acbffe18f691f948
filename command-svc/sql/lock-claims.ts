/**
 * Locks the claims that a batch stands on until the transaction ends, in key order, and answers
 * those that are there. A missing one means that a newer stream owns the range now, or that the
 * submission was closed.
 */
import type { ClientBase } from 'pg';
import type { SubmissionClaim } from '../batch-item.ts';

const SQL = `
  select c.claim_id
    from submission_claims c
    join unnest($1::text[], $2::text[], $3::uuid[]) as x(tenant, submission_id, claim_id)
      using (tenant, submission_id, claim_id)
    order by c.tenant, c.submission_id, c.claim_id
    for key share of c`;

export async function lockClaims(
  client: ClientBase,
  claims: readonly SubmissionClaim[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ claim_id: string }>({
    name: 'lock-claims',
    text: SQL,
    values: [
      claims.map((claim) => claim.tenant),
      claims.map((claim) => claim.submissionId),
      claims.map((claim) => claim.claimId),
    ],
  });
  return new Set(rows.map((row) => row.claim_id));
}
