/**
 * Locks the submission until the transaction ends: whoever holds it is alone in opening or closing
 * it. Appends do not take this lock; what stops them is that their claim is gone.
 */
import type { ClientBase } from 'pg';

const SQL = `
  select closed_at is not null as closed, total_items, reverses,
         (extract(epoch from statement_timestamp()) * 1000)::float8 as asked_at_ms
    from submissions
   where tenant = $1 and submission_id = $2
     for no key update`;

export type LockedSubmission = {
  readonly closed: boolean;
  readonly totalItems: bigint | undefined;
  /** The submission that it undoes; undefined: an ordinary one. */
  readonly reverses: string | undefined;
  /** When the store was asked, before it waited: by its clock, since 1970. */
  readonly askedAtMs: number;
};

type Row = {
  closed: boolean;
  total_items: bigint | null;
  reverses: string | null;
  asked_at_ms: number;
};

/** Undefined: there is no such submission. */
export async function lockSubmission(
  client: ClientBase,
  tenant: string,
  submissionId: string,
): Promise<LockedSubmission | undefined> {
  const { rows } = await client.query<Row>({
    name: 'lock-submission',
    text: SQL,
    values: [tenant, submissionId],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  const { closed, total_items: totalItems, reverses, asked_at_ms: askedAtMs } = row;
  return {
    closed,
    totalItems: totalItems ?? undefined,
    reverses: reverses ?? undefined,
    askedAtMs,
  };
}
