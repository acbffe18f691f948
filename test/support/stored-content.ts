/**
 * Which of several contents of one submission was stored, item by item: read from the log, so that
 * a check can hold the rest of the ledger against it. An index that no candidate explains is left
 * to the check.
 */
import type { Payroll, PayrollItem } from '#test/support/payroll.ts';
import { readLogRecords, uuidOf, type Stores } from '#test/support/stored-rows.ts';

export async function storedContent(
  stores: Stores,
  submissionId: string,
  candidates: readonly [Payroll, ...Payroll[]],
): Promise<Payroll> {
  const accounts = candidates.flatMap(({ accounts: own }) => own.map((one) => one.accountId));
  const found = new Map<number, PayrollItem>();
  for (const { batch, record } of await readLogRecords(stores, [...new Set(accounts)])) {
    const part = batch.submissions[record.submissionNumber - 1];
    if (part?.submissionId !== submissionId) continue;
    const body = record.event?.body;
    if (body?.$case !== 'moneyDeposited') continue;
    const index = Number(record.itemIndex);
    const match = candidates
      .map(({ items }) => items[index])
      .find(
        (item) =>
          item?.amountMinor === body.value.amountMinor &&
          item.accountId === uuidOf(record.accountId),
      );
    if (match !== undefined) found.set(index, match);
  }
  const [first] = candidates;
  return { ...first, items: first.items.map((item, index) => found.get(index) ?? item) };
}
