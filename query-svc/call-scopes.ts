/** Which scopes each method of query-svc needs. */
import type { ScopeRows } from '#platform/method-scopes.ts';
import type { AccountQueryServiceService } from '#proto/bank/v1/account_query_service.ts';

const ACCOUNT_QUERIES: ScopeRows<typeof AccountQueryServiceService, 'accounts.read'> = {
  getAccount: ['accounts.read'],
  batchGetAccounts: ['accounts.read'],
  listAccounts: ['accounts.read'],
  listEntries: ['accounts.read'],
  getBalanceAt: ['accounts.read'],
  exportStatement: ['accounts.read'],
  watchAccount: ['accounts.read'],
};

export const QUERY_SCOPES = { 'bank.v1.AccountQueryService': ACCOUNT_QUERIES };
