/** Ends one claim, if nobody has taken it over. */
import type { ClientBase, Pool } from 'pg';
import type { SubmissionClaim } from '../batch-item.ts';

const SQL = `
  delete from submission_claims where tenant = $1 and submission_id = $2 and claim_id = $3`;

export async function deleteClaim(db: ClientBase | Pool, claim: SubmissionClaim): Promise<void> {
  const values = [claim.tenant, claim.submissionId, claim.claimId];
  await db.query({ name: 'delete-claim', text: SQL, values });
}
