/** Partition numbers are stored: these values may never change. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fnv1a, partitionOfAccount, partitionOfText } from '#platform/partitioning.ts';

test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('FNV-1a of %j is as published', (text, hash) => {
  expect(fnv1a(Buffer.from(text))).toBe(hash);
});

test.each([
  ['00000000-0000-0000-0000-000000000000', 16, 5],
  ['0190a7f2-8c4e-7b3a-9d21-5e6f70819203', 16, 11],
  ['ffffffff-ffff-ffff-ffff-ffffffffffff', 16, 5],
])('the account %s of %i partitions is in %i', (id, count, partition) => {
  expect(partitionOfAccount(id, count)).toBe(partition);
});

test('a submission has its home by the UTF-8 bytes of tenant and id', () => {
  expect(partitionOfText('\0payroll-2026-06', 1024)).toBe(
    fnv1a(Buffer.from('\0payroll-2026-06', 'utf8')) % 1024,
  );
});

test('accounts spread evenly', () => {
  const counts = new Array<number>(16).fill(0);
  const ids = fc.sample(fc.uuid(), { numRuns: 16_000, seed: 1 });
  for (const id of ids)
    counts[partitionOfAccount(id, 16)] = (counts[partitionOfAccount(id, 16)] ?? 0) + 1;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(250);
});

test('an id that is no UUID is refused', () => {
  expect(() => partitionOfAccount('payroll', 16)).toThrow(RangeError);
});
