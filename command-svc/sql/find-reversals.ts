/** The submission of an id, and the one that undoes another: the same, if all is well. */
import type { ClientBase } from 'pg';

const SQL = `
  select submission_id, reverses, reversal_hash, closed_at is not null as closed
    from submissions where tenant = $1 and submission_id = $2
  union
  select submission_id, reverses, reversal_hash, closed_at is not null
    from submissions where tenant = $1 and reverses = $3`;

export type FoundReversal = {
  readonly submissionId: string;
  /** Undefined: an ordinary submission. */
  readonly reverses: string | undefined;
  readonly hash: Buffer | undefined;
  readonly closed: boolean;
};

type Row = {
  submission_id: string;
  reverses: string | null;
  reversal_hash: Buffer | null;
  closed: boolean;
};

export async function findReversals(
  client: ClientBase,
  tenant: string,
  submissionId: string,
  reverses: string,
): Promise<FoundReversal[]> {
  const { rows } = await client.query<Row>({
    name: 'find-reversals',
    text: SQL,
    values: [tenant, submissionId, reverses],
  });
  return rows.map((row) => ({
    submissionId: row.submission_id,
    reverses: row.reverses ?? undefined,
    hash: row.reversal_hash ?? undefined,
    closed: row.closed,
  }));
}
