/**
 * Checks a request of ListEntries and makes it a query: every filter, and where the page begins.
 * The page token is bound to all that chooses the entries.
 */
import { ANYONE, type Reach } from '#platform/caller.ts';
import { invalidArgument } from '#platform/grpc-errors.ts';
import { isoFromMicros } from '#platform/timestamps.ts';
import { ListOrder, type ListEntriesRequest } from '#proto/bank/v1/account_query_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { ENTRY_TYPES_MAX, PAGES } from './config.ts';
import { decodePageToken } from './page-token.ts';
import {
  accountIdField,
  countField,
  dateField,
  pageSizeField,
  rangeFields,
  submissionIdField,
  timeField,
  TOKEN_RULE,
  versionField,
  type Violations,
} from './request-fields.ts';
import type { EntriesQuery } from './sql/list-entries.ts';

export type EntriesRequest = {
  readonly query: EntriesQuery;
  readonly minVersion: bigint;
  /** What a page token is bound to. */
  readonly filters: readonly string[];
};

const VERSION_END = 2n ** 63n - 1n;
const TYPES: ReadonlySet<number> = new Set(
  Object.values(EntryType).filter((type) => type !== EntryType.UNRECOGNIZED),
);

/** Throws INVALID_ARGUMENT with all that is wrong. */
export function checkEntriesRequest(
  request: ListEntriesRequest,
  reach: Reach = ANYONE,
): EntriesRequest {
  const violations: Violations = [];
  const accountId = accountIdField(violations, 'account_id', request.accountId);
  const limit = pageSizeField(violations, request.pageSize);
  const minVersion = versionField(violations, 'min_version', request.minVersion);
  const descending = isDescending(violations, request.order);
  const versions = versionRange(violations, request);
  const filter = checkFilters(violations, request);
  const filters = ['entries', JSON.stringify([accountId, descending, versions, filter], asText)];
  const last = request.pageToken === '' ? undefined : decodePageToken(filters, request.pageToken);
  if (request.pageToken !== '' && last === undefined) {
    violations.push({ field: 'page_token', description: TOKEN_RULE });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  const place = { reach, accountId, descending, ...rest(versions, descending, last) };
  // Versions have no gap: without a filter a page is a range of as many.
  const { types, submissionId, valueDateFrom, valueDateBefore } = filter;
  const isWhole = [types, submissionId, valueDateFrom, valueDateBefore].every(isUnset);
  const bounds = { limit, versionsMax: isWhole ? limit : PAGES.entriesLookedAtMax };
  return { query: { ...place, ...filter, ...bounds }, minVersion, filters };
}

type VersionRange = { readonly fromVersion: bigint; readonly endVersion: bigint };

function versionRange(violations: Violations, request: ListEntriesRequest): VersionRange {
  const from = versionField(violations, 'from_version', request.fromVersion);
  const end = versionField(violations, 'end_version', request.endVersion);
  if (end > 0n) rangeFields(violations, ['from_version', from], ['end_version', end]);
  return { fromVersion: from, endVersion: end === 0n ? VERSION_END : end };
}

/** What is left of the range behind the last version of the page before. */
function rest(range: VersionRange, descending: boolean, last: bigint | undefined): VersionRange {
  if (last === undefined) return range;
  return descending ? { ...range, endVersion: last } : { ...range, fromVersion: last + 1n };
}

function checkFilters(violations: Violations, request: ListEntriesRequest) {
  const from = timeField(violations, 'recorded_from', request.recordedFrom);
  const before = timeField(violations, 'recorded_before', request.recordedBefore);
  rangeFields(violations, ['recorded_from', from], ['recorded_before', before]);
  const types = typesField(violations, request.types);
  const submissionId = submissionIdField(violations, request.submissionId);
  const valueDateFrom = dateField(violations, 'value_date_from', request.valueDateFrom);
  const valueDateBefore = dateField(violations, 'value_date_before', request.valueDateBefore);
  const [firstDay, endDay] = [valueDateFrom, valueDateBefore];
  rangeFields(violations, ['value_date_from', firstDay], ['value_date_before', endDay]);
  return {
    recordedFrom: from === undefined ? undefined : isoFromMicros(from),
    recordedBefore: before === undefined ? undefined : isoFromMicros(before),
    types,
    submissionId,
    valueDateFrom,
    valueDateBefore,
  };
}

function typesField(violations: Violations, types: readonly EntryType[]) {
  countField(violations, 'types', types.length, ENTRY_TYPES_MAX);
  types.slice(0, ENTRY_TYPES_MAX).forEach((type, place) => {
    if (TYPES.has(type)) return;
    violations.push({ field: `types[${place}]`, description: 'must be a known type of entry' });
  });
  const isAny = types.length === 0 || types.includes(EntryType.ENTRY_TYPE_UNSPECIFIED);
  return isAny ? undefined : [...new Set(types)].toSorted((a, b) => a - b);
}

function isDescending(violations: Violations, order: ListOrder): boolean {
  if (!Object.values(ListOrder).includes(order) || order === ListOrder.UNRECOGNIZED) {
    violations.push({ field: 'order', description: 'must be a known order' });
  }
  return order === ListOrder.LIST_ORDER_DESCENDING;
}

function isUnset(value: unknown): boolean {
  return value === undefined;
}

function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
