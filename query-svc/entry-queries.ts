/**
 * ListEntries: an account's statement, a page at a time, oldest or newest first. Pages are cut by
 * version and entries are only added at the end, so that reading page after page sees each entry
 * once while new ones come.
 */
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import { timestampFromMicros } from '#platform/timestamps.ts';
import type { CallContext } from '#platform/unary.ts';
import { refuseUnservedFields } from '#platform/unserved-fields.ts';
import type { Entry } from '#proto/bank/v1/account.ts';
import {
  ListEntriesRequest,
  ListOrder,
  type ListEntriesResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { accountNotFound, guardProjection, TENANT, type QueryContext } from './account-reader.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';
import { accountIdField, pageSizeField, versionField } from './request-fields.ts';
import { listEntries, type EntriesQuery, type EntryView } from './sql/list-entries.ts';

const SERVED = [
  'account_id',
  'page_size',
  'page_token',
  'min_version',
  'order',
  'from_version',
  'end_version',
];
const VERSION_END = 2n ** 63n - 1n;

type EntriesRequest = {
  readonly query: EntriesQuery;
  readonly minVersion: bigint;
  readonly filters: readonly string[];
};

export function listEntriesOf({ db, reader }: QueryContext) {
  return async (request: ListEntriesRequest, call: CallContext): Promise<ListEntriesResponse> => {
    refuseUnservedFields(request, SERVED, ListEntriesRequest.fromPartial({}));
    const { query, minVersion, filters } = checkRequest(request);
    if (minVersion > 0n) await reader.read(new Map([[query.accountId, minVersion]]), call);
    const page = await guardProjection(listEntries(db, { ...query, limit: query.limit + 1 }));
    if (page === undefined) throw accountNotFound(query.accountId);
    const entries = page.entries.slice(0, query.limit);
    const last = page.entries.length > query.limit ? entries.at(-1) : undefined;
    return {
      entries: entries.map((entry) => entryMessage(query.accountId, entry)),
      nextPageToken: last === undefined ? '' : encodePageToken(filters, last.version),
      asOfVersion: page.asOfVersion,
      projectedAt: timestampFromMicros(page.projectedAtMicros),
    };
  };
}

function checkRequest(request: ListEntriesRequest): EntriesRequest {
  const violations: FieldViolation[] = [];
  const accountId = accountIdField(violations, 'account_id', request.accountId);
  const limit = pageSizeField(violations, request.pageSize);
  const minVersion = versionField(violations, 'min_version', request.minVersion);
  const from = versionField(violations, 'from_version', request.fromVersion);
  const end = versionField(violations, 'end_version', request.endVersion);
  if (end > 0n && end < from) {
    violations.push({ field: 'end_version', description: 'must not be below from_version' });
  }
  const descending = request.order === ListOrder.LIST_ORDER_DESCENDING;
  if (request.order < ListOrder.LIST_ORDER_UNSPECIFIED || request.order > KNOWN_ORDER_MAX) {
    violations.push({ field: 'order', description: 'must be a known order' });
  }
  const filters = ['entries', accountId, descending ? 'desc' : 'asc', String(from), String(end)];
  const last = request.pageToken === '' ? undefined : decodePageToken(filters, request.pageToken);
  if (request.pageToken !== '' && last === undefined) {
    const description = 'must be the next_page_token of a page with the same filters';
    violations.push({ field: 'page_token', description });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  const fromVersion = last === undefined || descending ? from : last + 1n;
  const endVersion = last !== undefined && descending ? last : end === 0n ? VERSION_END : end;
  const query = { tenant: TENANT, accountId, descending, fromVersion, endVersion, limit };
  return { query, minVersion, filters };
}

const KNOWN_ORDER_MAX = ListOrder.LIST_ORDER_DESCENDING;
const MICROS_A_MILLISECOND = 1_000n;
const DAY_CHARACTERS = 'YYYY-MM-DD'.length;

function entryMessage(accountId: string, entry: EntryView): Entry {
  const { currencyCode } = entry;
  const recordedAt = new Date(Number(entry.recordedAtMicros / MICROS_A_MILLISECOND));
  return {
    accountId,
    version: entry.version,
    type: Object.values(EntryType).find((type) => type === entry.type) ?? EntryType.UNRECOGNIZED,
    recordedAt: timestampFromMicros(entry.recordedAtMicros),
    amount: { currencyCode, minorUnits: entry.amountMinor },
    balanceAfter: { currencyCode, minorUnits: entry.balanceAfterMinor },
    operationId: entry.operationId ?? '',
    submissionId: entry.submissionId ?? '',
    itemIndex: entry.itemIndex,
    reference: entry.reference,
    valueDate: entry.valueDate ?? recordedAt.toISOString().slice(0, DAY_CHARACTERS),
    counterpartAccountId: '',
    counterpartVersion: 0n,
    holdId: '',
    reversedVersion: 0n,
    reversedByVersion: 0n,
  };
}
