/**
 * Makes the row of a submission that undoes another one, unless its id is taken or the other one is
 * undone already; answers whether it made it. Waits for another transaction that is just doing
 * either.
 */
import type { ClientBase } from 'pg';

const SQL = `
  insert into submissions (tenant, submission_id, created_at, reverses, reversal_hash)
  values ($1, $2, now(), $3, $4)
  on conflict do nothing`;

export type ReversalRow = {
  readonly tenant: string;
  readonly submissionId: string;
  /** The submission to undo. */
  readonly reverses: string;
  readonly hash: Uint8Array;
};

export async function createReversal(client: ClientBase, reversal: ReversalRow): Promise<boolean> {
  const { tenant, submissionId, reverses, hash } = reversal;
  const { rowCount } = await client.query({
    name: 'create-reversal',
    text: SQL,
    values: [tenant, submissionId, reverses, hash],
  });
  return rowCount === 1;
}
