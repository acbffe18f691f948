// The page of query-svc: the read cache, and calls that wait for the projection.
import { each, perSecond, quietPerSecond } from '../panel.ts';
import type { Page } from '../panel.ts';
import { serviceRows } from '../service-rows.ts';

export const QUERY_SVC: Page = {
  uid: 'bank-query-svc',
  title: 'Bank: query-svc',
  description: 'Reads, their cache, and those that wait for the projection.',
  rows: [
    {
      title: 'Reads',
      panels: [
        {
          title: 'Accounts in the cache',
          description: 'There and young enough, or not; off: in bulk mode or without Redis.',
          unit: 'cps',
          queries: [perSecond('bank_query_cache_lookups_total', 'outcome')],
        },
        {
          title: 'Share from the cache',
          description: 'Of the accounts that the cache was asked for.',
          unit: 'percentunit',
          queries: [
            {
              expr:
                'sum(rate(bank_query_cache_lookups_total{outcome="hit"}[$__rate_interval])) / ' +
                'sum(rate(bank_query_cache_lookups_total{outcome!="off"}[$__rate_interval]))',
              legend: 'hit',
            },
          ],
        },
        {
          title: 'Questions without an answer',
          description: 'Commands that the cache did not answer: Redis is away or slow.',
          unit: 'cps',
          queries: [quietPerSecond('bank_query_cache_failures_total')],
        },
        {
          title: 'Waiting for a version',
          description: 'Calls with min_version that the projection has not reached.',
          unit: 'short',
          queries: [each('bank_query_version_waiters')],
        },
      ],
    },
    ...serviceRows('query-svc'),
  ],
};
