/**
 * The unary methods of BulkService about submissions: close one, tell what is stored of one, list
 * all, list one's refused items, list what became of every item. A submission that nobody has
 * opened is SUBMISSION_NOT_FOUND in all that name one.
 */
import { realmOf, type Caller } from '#platform/caller.ts';
import { invalidArgument } from '#platform/grpc-errors.ts';
import { unary } from '#platform/unary.ts';
import { refuseUnservedFields } from '#platform/unserved-fields.ts';
import {
  type CloseSubmissionRequest,
  GetSubmissionRequest,
  ListItemResultsRequest,
  ListRejectionsRequest,
  ListSubmissionsRequest,
  type BulkServiceServer,
} from '#proto/bank/v1/bulk_service.ts';
import { checkControlTotals } from './control-totals.ts';
import { checkSubmissionId } from './field-rules.ts';
import { itemIndex } from './item-numbering.ts';
import { itemPage, pageTokenAfter, type PageRequest } from './item-pages.ts';
import { readPlacedItems } from './item-places.ts';
import { readItemResults, rejectionOf } from './item-results.ts';
import { submissionsPage } from './list-submissions.ts';
import { listRejections } from './sql/list-rejections.ts';
import { readSubmissionStanding } from './sql/read-submission-standing.ts';
import type { SubmissionKey } from './submission-claims.ts';
import { closeSubmission } from './submission-close.ts';
import { readSummary, submissionNotFound } from './submission-summary.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

type SubmissionHandlers = Pick<
  BulkServiceServer,
  'closeSubmission' | 'getSubmission' | 'listSubmissions' | 'listRejections' | 'listItemResults'
>;

export function submissionHandlers(context: SubmissionContext): SubmissionHandlers {
  const { log } = context;
  return {
    closeSubmission: unary(log, async (request: CloseSubmissionRequest, call) => {
      const submission = keyOf(request.submissionId, call.caller);
      const endItemIndex = itemIndex('end_item_index', request.endItemIndex);
      const { controlTotals } = request;
      checkControlTotals('control_totals', controlTotals);
      const { traceparent, caller } = call;
      const closing = { ...submission, endItemIndex, controlTotals, traceparent, caller };
      await closeSubmission(context, closing);
      return { submission: await readSummary(context, submission) };
    }),
    getSubmission: unary(log, async (request: GetSubmissionRequest, { caller }) => {
      refuseUnservedFields(request, ['submission_id'], GetSubmissionRequest.create());
      return { submission: await readSummary(context, keyOf(request.submissionId, caller)) };
    }),
    listSubmissions: unary(log, async (request: ListSubmissionsRequest, { caller }) => {
      const served = ['page_size', 'page_token', 'open_only'];
      refuseUnservedFields(request, served, ListSubmissionsRequest.create());
      return submissionsPage(context, request, caller);
    }),
    listRejections: unary(log, async (request: ListRejectionsRequest, { caller }) => {
      refuseUnservedFields(request, LIST_FIELDS, ListRejectionsRequest.create());
      return rejectionsPage(context, request, caller);
    }),
    listItemResults: unary(log, async (request: ListItemResultsRequest, { caller }) => {
      refuseUnservedFields(request, LIST_FIELDS, ListItemResultsRequest.create());
      return itemResultsPage(context, request, caller);
    }),
  };
}

type ListRequest = PageRequest & { readonly submissionId: string };

const LIST_FIELDS = ['submission_id', 'page_size', 'page_token'] as const;

function keyOf(submissionId: string, caller: Caller): SubmissionKey {
  const violations = checkSubmissionId(submissionId);
  if (violations.length > 0) throw invalidArgument([...violations]);
  return { tenant: realmOf(caller), submissionId };
}

async function rejectionsPage(context: SubmissionContext, request: ListRequest, caller: Caller) {
  const submission = keyOf(request.submissionId, caller);
  const page = itemPage(submission, request);
  await mustExist(context, submission);
  // One more than asked for: it tells whether there is a next page.
  const rows = await readFromEventStore(context, (pool) =>
    listRejections(pool, submission, page.after, page.size + 1),
  );
  const shown = rows.slice(0, page.size);
  const last = rows.length > page.size ? shown.at(-1) : undefined;
  return {
    rejections: shown.map(rejectionOf),
    nextPageToken: last === undefined ? '' : pageTokenAfter(submission, last.item_index),
  };
}

async function itemResultsPage(context: SubmissionContext, request: ListRequest, caller: Caller) {
  const submission = keyOf(request.submissionId, caller);
  const page = itemPage(submission, request);
  await mustExist(context, submission);
  const items = await readPlacedItems(context, submission, page.after, page.size + 1);
  const shown = items.slice(0, page.size);
  const last = items.length > page.size ? shown.at(-1) : undefined;
  return {
    results: await readItemResults(context, submission, shown),
    nextPageToken: last === undefined ? '' : pageTokenAfter(submission, last.index),
  };
}

async function mustExist(context: SubmissionContext, submission: SubmissionKey): Promise<void> {
  const { tenant, submissionId } = submission;
  const standing = await readFromEventStore(context, (pool) =>
    readSubmissionStanding(pool, tenant, submissionId),
  );
  if (standing === undefined) throw submissionNotFound(submissionId);
}
