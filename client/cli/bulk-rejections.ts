/** The refused items of a submission, page by page, ascending by index. */
import type { Rejection } from '#proto/bank/v1/submission.ts';
import type { Bank } from '../connect-bank.ts';
import { BULK_LIMITS } from './bulk-limits.ts';

export async function* listRejections(
  bank: Bank,
  submissionId: string,
  signal: AbortSignal,
): AsyncGenerator<Rejection, void, void> {
  let pageToken = '';
  do {
    const request = { submissionId, pageSize: BULK_LIMITS.rejectionsPageItems, pageToken };
    const page = await bank.listRejections(request, { signal });
    yield* page.rejections;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}
