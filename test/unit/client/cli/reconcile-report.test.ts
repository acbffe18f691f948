/** What a comparison of the projection with the events is told as. */
import { expect, test } from 'vitest';
import { reconcileLine } from '#client/cli/reconcile-report.ts';

const MOST = 2n ** 63n - 1n;

test('a sum that came in parts is told as one', () => {
  const eventSums = [
    { currencyCode: 'EUR', minorUnits: MOST },
    { currencyCode: 'EUR', minorUnits: 5n },
    { currencyCode: 'USD', minorUnits: -7n },
  ];
  const value = { accounts: 3n, events: 6n, findings: 0n, eventSums, projectionSums: [] };
  expect(reconcileLine({ $case: 'totals', value }).split('\n')).toEqual([
    '3 accounts, 6 events, 0 findings',
    '  by the events:     EUR 9223372036854775812, USD -7',
    '  by the projection: -',
  ]);
});
