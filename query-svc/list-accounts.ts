/**
 * ListAccounts: accounts ascending by id, a page at a time, by owner, currency, status and labels.
 * Pages are cut by id, so that no account comes twice however many are opened or changed meanwhile.
 * A page of a narrow filter may hold fewer accounts than asked for, or none, and still have a next
 * one: only an empty next_page_token ends the list.
 */
import { realmOf, type Caller } from '#platform/caller.ts';
import { invalidArgument } from '#platform/grpc-errors.ts';
import type { CallContext } from '#platform/unary.ts';
import { AccountStatus } from '#proto/bank/v1/account.ts';
import type {
  ListAccountsRequest,
  ListAccountsResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { guardProjection, type QueryContext } from './account-reader.ts';
import { accountMessage } from './account-view.ts';
import { PAGES } from './config.ts';
import { decodeAccountPageToken, encodeAccountPageToken } from './page-token.ts';
import {
  currencyField,
  labelsField,
  pageSizeField,
  textField,
  TOKEN_RULE,
  type Violations,
} from './request-fields.ts';
import { listAccounts, type AccountsQuery } from './sql/list-accounts.ts';

export function listAccountsOf({ db }: QueryContext) {
  return async (
    request: ListAccountsRequest,
    { caller }: Pick<CallContext, 'caller'>,
  ): Promise<ListAccountsResponse> => {
    const { query, filters } = checkRequest(request, caller);
    const { limit } = query;
    const page = await guardProjection(listAccounts(db, { ...query, limit: limit + 1 }));
    const accounts = page.accounts.slice(0, limit);
    const isFull = page.accounts.length > limit;
    const last = isFull ? accounts.at(-1)?.accountId : page.lookedUpTo;
    return {
      accounts: accounts.map(accountMessage),
      nextPageToken: last === undefined ? '' : encodeAccountPageToken(filters, last),
    };
  };
}

function checkRequest(
  request: ListAccountsRequest,
  caller: Caller,
): { query: AccountsQuery; filters: string[] } {
  const violations: Violations = [];
  const limit = pageSizeField(violations, request.pageSize);
  const filter = {
    owner: textField(violations, 'owner', request.owner),
    currencyCode: currencyField(violations, request.currencyCode),
    status: statusField(violations, request.status),
    labels: labelsField(violations, request.labels),
  };
  const labels = Object.entries(filter.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { owner, currencyCode, status } = filter;
  const asked = JSON.stringify([owner, currencyCode, status, labels]);
  const isKnown = caller.scopes !== undefined;
  const filters = ['accounts', asked, ...(isKnown ? [realmOf(caller)] : [])];
  const isFirst = request.pageToken === '';
  const after = isFirst ? undefined : decodeAccountPageToken(filters, request.pageToken);
  if (!isFirst && after === undefined) {
    violations.push({ field: 'page_token', description: TOKEN_RULE });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  const accountsMax = PAGES.accountsLookedAtMax;
  const range = { after, limit, accountsMax, isWithinTenant: isKnown };
  return { query: { reach: caller, ...filter, ...range }, filters };
}

function statusField(violations: Violations, status: AccountStatus): number | undefined {
  if (status === AccountStatus.ACCOUNT_STATUS_UNSPECIFIED) return undefined;
  if (status === AccountStatus.UNRECOGNIZED || !Object.values(AccountStatus).includes(status)) {
    violations.push({ field: 'status', description: 'must be a known status' });
  }
  return status;
}
