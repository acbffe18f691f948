/** When a partition that is behind is taken for lost. */
import { expect, test } from 'vitest';
import { createLostTails } from '../../../projector-svc/lost-tails.ts';

const head = (partition: number, seq: bigint, filledRecords = 0n) => ({
  partition,
  seq,
  batchId: undefined,
  projectedAt: undefined,
  filledRecords,
  tableId: 1n,
});

/** Heads as they are seen second by second; answers in which seconds partition 0 counts as lost. */
function lostSeconds(turns: ReturnType<typeof head>[][], logSeq = 9n): number[] {
  const tails = createLostTails();
  return turns.flatMap((heads, second) => {
    tails.observe(heads, second * 1000);
    const [zero] = heads;
    return zero !== undefined && tails.isLost(zero, logSeq, second * 1000) ? [second] : [];
  });
}

test('behind and unmoved for two seconds, once Kafka has moved it and stopped', () => {
  const moved = [4n, 5n, 5n, 5n, 5n].map((seq) => [head(0, seq)]);
  expect(lostSeconds(moved)).toEqual([3, 4]);
});

test('behind and unmoved before Kafka has moved anything: it gets more time', () => {
  expect(lostSeconds(Array.from({ length: 7 }, () => [head(0, 5n)]))).toEqual([5, 6]);
});

test('not behind', () => {
  expect(lostSeconds(Array.from({ length: 4 }, () => [head(0, 9n)]))).toEqual([]);
});

test('moved, if slowly', () => {
  expect(lostSeconds([5n, 5n, 6n, 6n, 7n, 7n].map((seq) => [head(0, seq)]))).toEqual([]);
});

test('unmoved while Kafka moves another one: it gets more time', () => {
  const turns = Array.from({ length: 8 }, (_, n) => [head(0, 5n), head(1, BigInt(n))]);
  expect(lostSeconds(turns)).toEqual([5, 6, 7]);
});

test('another one that is filled from the outbox is no sign of Kafka', () => {
  const turns = Array.from({ length: 7 }, (_, n) => [
    head(0, n === 0 ? 4n : 5n),
    head(1, BigInt(n), BigInt(n)),
  ]);
  expect(lostSeconds(turns)).toEqual([3, 4, 5, 6]);
});

test('put back by somebody: lost like any other tail', () => {
  const heads = [9n, 9n, 0n, 0n, 0n, 0n, 0n, 0n];
  expect(lostSeconds(heads.map((seq) => [head(0, seq, seq === 0n ? 0n : 5n)]))).toEqual([7]);
});

test('quiet: nothing comes, and it is not behind', () => {
  const tails = createLostTails();
  const quietAt = (second: number, seq: bigint, logSeq: bigint): number => {
    tails.isLost(head(0, seq), logSeq, second * 1000);
    return tails.quietMs(0, second * 1000);
  };
  expect(quietAt(0, 4n, 9n)).toBe(0);
  expect(quietAt(1, 9n, 9n)).toBe(0);
  expect(quietAt(5, 9n, 9n)).toBe(4000);
  expect(quietAt(6, 9n, 10n)).toBe(0);
  expect(quietAt(7, 10n, 10n)).toBe(0);
  expect(quietAt(9, 10n, 10n)).toBe(2000);
});
