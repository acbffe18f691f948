/** The floor's batches: rows that PostgreSQL takes, dense versions, balances that follow. */
import { expect, test } from 'vitest';
import { accountIds } from '#test/bench/account-ids.ts';
import { AMOUNT_MINOR, createFloorWriter } from '#test/bench/peers/floor-batch.ts';
import { fixedRows } from '#test/bench/peers/fixed-rows.ts';

test('rows of a fixed width stand where they are said to stand', () => {
  const rows = fixedRows(3, (writer) => {
    writer.row(2);
    writer.int64(5n);
    writer.text('EUR');
  });
  for (const row of [0, 1, 2]) {
    expect(rows.view.getInt16(rows.rowAt(row))).toBe(2);
    expect(rows.view.getBigInt64(rows.rowAt(row) + 6)).toBe(5n);
  }
  expect(rows.view.getInt16(rows.rowAt(3))).toBe(-1);
  expect(rows.stream.length).toBe(rows.rowAt(3) + 2);
});

const ACCOUNTS = accountIds(1, 1);

test('two batches of one account count on: versions, balances, and its new balance', () => {
  const writer = createFloorWriter(ACCOUNTS, 2);
  writer.nextBatch();
  const [events, entries, balances] = writer.nextBatch();
  if (events?.kind !== 'copy' || entries?.kind !== 'copy') throw new Error('no rows');
  const eventVersions = [0, 1].map((row) =>
    events.data.readBigInt64BE(rowAt(events.data, row) + 26),
  );
  expect(eventVersions).toEqual([4n, 5n]);
  const balanceAfter = [0, 1].map((row) =>
    entries.data.readBigInt64BE(rowAt(entries.data, row) + 68),
  );
  expect(balanceAfter).toEqual([3n * AMOUNT_MINOR, 4n * AMOUNT_MINOR]);
  if (balances?.kind !== 'statement') throw new Error('no balances');
  const [ids, versions, sums] = balances.values;
  const [account = ''] = ACCOUNTS;
  expect(Buffer.from(ids ?? '').subarray(-16)).toEqual(
    Buffer.from(account.replaceAll('-', ''), 'hex'),
  );
  expect(versions).toEqual(int8Array([5n]));
  expect(sums).toEqual(int8Array([4n * AMOUNT_MINOR]));
});

/** Two rows of the same width between header and trailer. */
function rowAt(stream: Buffer, row: number): number {
  return 19 + (row * (stream.length - 21)) / 2;
}

function int8Array(values: readonly bigint[]): Buffer {
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, values.length]);
  const items = values.map((value) => {
    const item = Buffer.from([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    item.writeBigInt64BE(value, 4);
    return item;
  });
  return Buffer.concat([header, Buffer.from([0, 0, 0, 1]), ...items]);
}
