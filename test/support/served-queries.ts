/** The requests of served-requests.ts for the queries beside single accounts and entries. */
import { status } from '@grpc/grpc-js';
import type { ServedMethod } from '#test/support/served-requests.ts';
import { encodeWatchToken } from '../../query-svc/watch-token.ts';

const FAR_OFF = '2090-01-01';

export const STATEMENTS_AND_FEEDS: Readonly<Record<string, ServedMethod>> = {
  VerifyEvents: {
    request: ({ account }) => ({ account_ids: [account] }),
    values: ({ freshAccount }) => ({ account_ids: [freshAccount], resume_token: 'of nobody' }),
  },
  ListAccounts: {
    request: ({ owner }) => ({ owner }),
    values: () => ({
      page_size: 1,
      currency_code: 'CHF',
      status: 'ACCOUNT_STATUS_CLOSED',
      labels: { branch: 'north' },
    }),
  },
  GetBalanceAt: {
    request: ({ account }) => ({ account_id: account, version: '2' }),
    values: ({ freshAccount }) => ({
      account_id: freshAccount,
      time: '2020-01-01T00:00:00Z',
      version: '3',
      min_version: '99',
    }),
  },
  ExportStatement: {
    request: ({ account }) => ({ account_id: account }),
    values: ({ freshAccount }) => ({
      account_id: freshAccount,
      recorded_from: `${FAR_OFF}T00:00:00Z`,
      recorded_before: '2020-01-01T00:00:00Z',
      min_version: '99',
    }),
  },
  WatchAccount: {
    endsWith: status.DEADLINE_EXCEEDED,
    request: ({ account }) => ({ account_id: account, resume_token: tokenOfOpening(account) }),
    values: ({ freshAccount }) => ({ account_id: freshAccount, min_version: '99' }),
  },
};

/** Both deposits follow. */
function tokenOfOpening(account: string): string {
  const amounts = { heldMinor: 0n, overdraftLimitMinor: 0n };
  const flags = { debitsFrozen: false, creditsFrozen: false };
  return encodeWatchToken(account, { version: 1n, status: 1, ...amounts, ...flags });
}
