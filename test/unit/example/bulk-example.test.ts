/** The example's own promises: what it checks fails when the bank breaks it, and its tables. */
import { afterEach, expect, test } from 'vitest';
import { rolledBackBatch } from '#deploy/example/atomic-batch.ts';
import { underBulkMode } from '#deploy/example/mode-lease.ts';
import { readMode, settingsTable, untilMode } from '#deploy/example/mode-settings.ts';
import { resultLines, waysTable } from '#deploy/example/tables.ts';
import { byBatches, depositOperation, submitBatch } from '#deploy/example/ways.ts';
import { uuidV7 } from '#platform/uuid.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { startFakeBatchBank, type FakeBatchBank } from './fake-batch-bank.ts';

const IDS = [uuidV7(), uuidV7()];
const DEPOSITS: DepositItem[] = Array.from({ length: 6 }, (_, index) => ({
  accountId: IDS[index % 2] ?? '',
  amount: { currencyCode: 'EUR', minorUnits: 10n },
  operationId: '',
  reference: '',
  valueDate: '',
}));

let fake: FakeBatchBank | undefined;
afterEach(() => fake?.close());

async function open(mistake?: Parameters<typeof startFakeBatchBank>[1]) {
  fake = await startFakeBatchBank(IDS, mistake);
  const { signal } = new AbortController();
  return { fake, ways: { bank: fake.bank, signal } };
}

test('a transactional batch is refused with its index, and stored without the bad operation', async () => {
  const { fake, ways } = await open();
  const [refused, , stored] = await rolledBackBatch(ways, DEPOSITS);
  expect(refused).toContain('7 operations, number 3');
  expect(refused).toContain('NOT_FOUND ACCOUNT_NOT_FOUND (item_index 3)');
  expect(stored).toContain('6 operations');
  expect([...fake.balances.values()]).toEqual([30n, 30n]);
});

test('a bank that stores half of a refused batch is caught', async () => {
  const { ways } = await open('stores half of a refused batch');
  await expect(rolledBackBatch(ways, DEPOSITS)).rejects.toThrow(/the balance of .* is 20, was 0/);
});

test('direct batches run under the lease, which ends with the work, also when it fails', async () => {
  const { fake, ways } = await open();
  const { bulkMode } = ways.bank;
  const before = await readMode(bulkMode);
  const { during, run } = await underBulkMode(bulkMode, async (leaseId) => {
    expect(fake.heldLeases).toEqual(new Set([leaseId]));
    const during = await untilMode(bulkMode, true, ways.signal);
    return { during, run: await byBatches(ways, DEPOSITS, leaseId) };
  });
  expect(run.results).toHaveLength(6);
  expect(fake.leasesUsed[0]).not.toBe('');
  expect(fake.heldLeases.size).toBe(0);
  const rows = settingsTable({ before, during }).map((line) => line.split(/ +/).slice(-2));
  expect(rows).toEqual([
    ['before', 'during'],
    ['1000', '5000'],
  ]);
  const failing = underBulkMode(bulkMode, () => Promise.reject(new Error('the work failed')));
  await expect(failing).rejects.toThrow('the work failed');
  expect(fake.heldLeases.size).toBe(0);
});

test('a direct batch with a refused item counts as not accepted, and its results say why', async () => {
  const { ways } = await open();
  const withUnknown = DEPOSITS.with(1, {
    ...(DEPOSITS[1] ?? UNKNOWN),
    accountId: UNKNOWN.accountId,
  });
  await expect(byBatches(ways, withUnknown, '')).rejects.toThrow('5 of 6 deposits were accepted');
  const results = await submitBatch(ways, 's', withUnknown.map(depositOperation), '');
  const lines = resultLines(results);
  expect(lines[0]).toContain('at version 2');
  expect(lines[1]).toContain('refused, ACCOUNT_NOT_FOUND');
  expect(lines[3]).toBe('  and 3 more');
});

test('the table compares each way with the first', () => {
  const lines = waysTable({
    calls: { items: 100, storedMs: 500, readMs: 1_000 },
    stream: { items: 4_000, storedMs: 1_000, readMs: 2_000 },
  });
  expect(lines.map((line) => line.trim().split(/ +/))).toEqual([
    ['deposits', 'stored/s', 'readable/s', 'times'],
    ['calls', '100', '200', '100', '1.0'],
    ['stream', '4,000', '4,000', '2,000', '20.0'],
  ]);
});

const UNKNOWN: DepositItem = {
  accountId: uuidV7(),
  amount: { currencyCode: 'EUR', minorUnits: 1n },
  operationId: '',
  reference: '',
  valueDate: '',
};
