/**
 * ListEntries: an account's statement, a page at a time, oldest or newest first. Pages are cut by
 * version and entries are only added at the end, so that reading page after page sees each entry
 * once while new ones come. A page of a narrow filter may hold fewer entries than asked for, or
 * none, and still have a next one: only an empty next_page_token ends the list.
 */
import { timestampFromMicros } from '#platform/timestamps.ts';
import type { CallContext } from '#platform/unary.ts';
import type {
  ListEntriesRequest,
  ListEntriesResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { accountNotFound, guardProjection, type QueryContext } from './account-reader.ts';
import { checkEntriesRequest } from './entries-request.ts';
import { entryMessage } from './entry-view.ts';
import { encodePageToken } from './page-token.ts';
import { listEntries } from './sql/list-entries.ts';

export function listEntriesOf({ db, reader }: QueryContext) {
  return async (request: ListEntriesRequest, call: CallContext): Promise<ListEntriesResponse> => {
    const { query, minVersion, filters } = checkEntriesRequest(request, call.caller);
    const { accountId, limit } = query;
    if (minVersion > 0n) await reader.read(new Map([[accountId, minVersion]]), call);
    const page = await guardProjection(listEntries(db, { ...query, limit: limit + 1 }));
    if (page === undefined) throw accountNotFound(accountId);
    const entries = page.entries.slice(0, limit);
    const isFull = page.entries.length > limit;
    const last = isFull ? entries.at(-1)?.version : page.lookedUpTo;
    return {
      entries: entries.map((entry) => entryMessage(accountId, entry)),
      nextPageToken: last === undefined ? '' : encodePageToken(filters, last),
      asOfVersion: page.asOfVersion,
      projectedAt: timestampFromMicros(page.projectedAtMicros),
    };
  };
}
