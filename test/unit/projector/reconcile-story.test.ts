/** The totals of a comparison: a verdict for whatever balances there are. */
import { expect, test } from 'vitest';
import { wholeSums } from '#client/cli/reconcile-report.ts';
import type { ReconcileResponse, ReconcileTotals } from '#proto/bank/v1/projector_service.ts';
import { openReconcileStory } from '../../../projector-svc/reconcile-story.ts';
import { newReconcileState, type CurrencySums } from '../../../projector-svc/reconcile-token.ts';

const RICH = 9n * 10n ** 18n;

test('sums of balances beyond int64 come in parts that int64 holds, either way', async () => {
  const three = { eventsMinor: 3n * RICH, projectedMinor: 3n * RICH };
  const two = { eventsMinor: -2n * RICH, projectedMinor: -2n * RICH };
  const { findings, eventSums, projectionSums } = await totalsOf({ EUR: three, USD: two });
  expect(findings).toBe(0n);
  expect(eventSums).toEqual(projectionSums);
  const codes = eventSums.map(({ currencyCode }) => currencyCode);
  expect(codes).toEqual(['EUR', 'EUR', 'EUR', 'USD', 'USD']);
  for (const { minorUnits } of eventSums) expect(BigInt.asIntN(64, minorUnits)).toBe(minorUnits);
  expect(wholeSums(eventSums)).toEqual(
    new Map([
      ['EUR', 3n * RICH],
      ['USD', -2n * RICH],
    ]),
  );
});

test('sums beyond int64 that differ are a finding', async () => {
  const sums = { eventsMinor: 3n * RICH, projectedMinor: 3n * RICH + 1n };
  expect((await totalsOf({ EUR: sums })).findings).toBe(1n);
});

async function totalsOf(sums: Record<string, CurrencySums>): Promise<ReconcileTotals> {
  const state = { ...newReconcileState(0n), sums: new Map(Object.entries(sums)) };
  let last: ReconcileResponse['part'];
  const send = (message: ReconcileResponse): Promise<void> => {
    last = message.part;
    return Promise.resolve();
  };
  await openReconcileStory(0n, state, () => 'token', send).end();
  if (last?.$case !== 'totals') throw new Error('the last message has no totals');
  return last.value;
}
