/**
 * ListSubmissions: what a caller has sent in bulk, newest first. Its cost falls on who asks: a page
 * of names by an index, then the sums of each, one after the other, so that one call holds one
 * connection. Where the gaps of a submission are is not looked up. A submission that is gone
 * meanwhile (an atomic batch that was refused) is left out.
 */
import { z } from 'zod';
import { realmOf, type Caller } from '#platform/caller.ts';
import { invalidArgument, type RpcError } from '#platform/grpc-errors.ts';
import type {
  ListSubmissionsRequest,
  ListSubmissionsResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { Submission } from '#proto/bank/v1/submission.ts';
import { listSubmissions, type ListedSubmission } from './sql/list-submissions.ts';
import { readSubmission } from './sql/read-submission.ts';
import { overviewOf } from './submission-summary.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

const PAGE_SIZE_DEFAULT = 20;
const PAGE_SIZE_MAX = 100;

export async function submissionsPage(
  context: SubmissionContext,
  request: ListSubmissionsRequest,
  caller: Caller,
): Promise<ListSubmissionsResponse> {
  const { pageSize, pageToken, openOnly } = request;
  if (pageSize < 0) throw refused('page_size', 'must be 0 or more');
  const size = pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(pageSize, PAGE_SIZE_MAX);
  const list = { tenant: realmOf(caller), openOnly };
  const after = pageToken === '' ? undefined : parseToken(list, pageToken);
  // One more than asked for: it tells whether there is a next page.
  const names = await readFromEventStore(context, (pool) =>
    listSubmissions(pool, { ...list, after, limit: size + 1 }),
  );
  const shown = names.slice(0, size);
  const submissions: Submission[] = [];
  for (const { submissionId } of shown) {
    const stored = await readFromEventStore(context, (pool) =>
      readSubmission(pool, list.tenant, submissionId),
    );
    if (stored !== undefined) submissions.push(overviewOf(submissionId, stored));
  }
  const last = names.length > size ? shown.at(-1) : undefined;
  return { submissions, nextPageToken: last === undefined ? '' : tokenAfter(list, last) };
}

/** All that chooses what the list holds. */
type List = { readonly tenant: string; readonly openOnly: boolean };

const Token = z.tuple([
  z.string(),
  z.boolean(),
  z.string().regex(/^\d{1,16}$/),
  // As long as a submission_id is; and no text of the database holds a NUL.
  z
    .string()
    .max(128)
    .refine((text) => !text.includes('\0')),
]);

function tokenAfter({ tenant, openOnly }: List, last: ListedSubmission): string {
  const { createdAtMicros, submissionId } = last;
  const token: z.infer<typeof Token> = [tenant, openOnly, String(createdAtMicros), submissionId];
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function parseToken(list: List, token: string): ListedSubmission {
  const parsed = Token.safeParse(parseJson(Buffer.from(token, 'base64url').toString()));
  if (parsed.success) {
    const [tenant, openOnly, createdAt, submissionId] = parsed.data;
    const isOfList = tenant === list.tenant && openOnly === list.openOnly;
    if (isOfList) return { createdAtMicros: BigInt(createdAt), submissionId };
  }
  throw refused('page_token', 'must be the next_page_token of the page before, unchanged');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused like any other token that is not ours
  }
}

function refused(field: string, description: string): RpcError {
  return invalidArgument([{ field, description }]);
}
