/**
 * The names of a realm's submissions, newest first, a page at a time: by an index, so that a page
 * costs the same however many there are. What is stored of each is read for itself.
 */
import type { Pool } from 'pg';

const sqlOf = (condition: string): string => `
  select submission_id, (extract(epoch from created_at) * 1000000)::bigint as created_at
    from submissions
   where tenant = $1 ${condition}
     and (created_at, submission_id) < (
       coalesce('epoch'::timestamptz + $2::bigint * interval '1 microsecond', 'infinity'), $3)
   order by created_at desc, submission_id desc limit $4`;

const ALL = { name: 'list-submissions', text: sqlOf('') };
const OPEN = { name: 'list-open-submissions', text: sqlOf('and closed_at is null') };

/** Where a page has ended: the next one has what is older. */
export type ListedSubmission = { readonly createdAtMicros: bigint; readonly submissionId: string };

export type SubmissionsQuery = {
  readonly tenant: string;
  readonly openOnly: boolean;
  /** undefined: from the newest on. */
  readonly after: ListedSubmission | undefined;
  readonly limit: number;
};

type Row = { submission_id: string; created_at: bigint };

export async function listSubmissions(
  db: Pool,
  { tenant, openOnly, after, limit }: SubmissionsQuery,
): Promise<ListedSubmission[]> {
  const { rows } = await db.query<Row>({
    ...(openOnly ? OPEN : ALL),
    values: [tenant, after?.createdAtMicros ?? null, after?.submissionId ?? '', limit],
  });
  return rows.map((row) => ({
    createdAtMicros: row.created_at,
    submissionId: row.submission_id,
  }));
}
