/** In how many appends a submission was stored, and what they hold. */
import type { ClientBase, Pool } from 'pg';

const SQL = `
  select count(distinct batch_id)::integer as appends,
         coalesce(sum(accepted + rejected + replayed), 0)::bigint as items,
         coalesce(sum(rejected), 0)::bigint as rejected
    from submission_batches where tenant = $1 and submission_id = $2`;

export type SubmissionAppends = {
  readonly appends: number;
  /** Count of items, whatever their outcome. */
  readonly items: number;
  readonly rejected: number;
};

export async function readAppends(
  db: ClientBase | Pool,
  submission: { readonly tenant: string; readonly submissionId: string },
): Promise<SubmissionAppends> {
  const { rows } = await db.query<{ appends: number; items: bigint; rejected: bigint }>({
    name: 'read-appends',
    text: SQL,
    values: [submission.tenant, submission.submissionId],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('an aggregate without a row');
  return { appends: row.appends, items: Number(row.items), rejected: Number(row.rejected) };
}
