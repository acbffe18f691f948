/** The batcher under load: what is not full waits for company while others are in flight. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BatchItem } from '../../../command-svc/batch-item.ts';
import { createBatcher, type Batcher } from '../../../command-svc/batcher.ts';
import type { ProcessBatch } from '../../../command-svc/lane.ts';
import { bulkItem, unaryItem } from '#test/support/batch-items.ts';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';

let started: { size: number; partition: number; end: () => void }[];
let batcher: Batcher;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  started = [];
  const limits = {
    ...WIDE_LIMITS,
    batchItemsMax: 4,
    processors: 2,
    partialProcessors: 1,
    partialPatienceMs: 2_000,
    unaryProcessors: 1,
    unaryPatienceMs: 500,
    besideUnaryItemsMax: 1,
    nearUnaryItemsMax: 3,
    queueItemsMax: 6,
    queueBytesMax: 75,
  };
  const noBarrier = () => Promise.reject(new Error('a barrier that nobody has enqueued'));
  const startBatch: ProcessBatch = (partition, items) => {
    const { promise, resolve } = Promise.withResolvers<readonly BatchItem[]>();
    started.push({ partition, size: items.length, end: () => resolve([]) });
    return promise;
  };
  batcher = createBatcher(3, limits, startBatch, noBarrier);
});
afterEach(() => vi.useRealTimers());

const bulk = (partition: number, count: number): void => {
  for (let i = 0; i < count; i++) batcher.tryEnqueue(bulkItem(partition));
};
const unary = (partition: number, count: number): void => {
  for (let i = 0; i < count; i++) batcher.tryEnqueue(unaryItem(partition));
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const sizes = () => started.map(({ partition, size }) => [partition, size]);

test('a batch that is not full starts only while few others are in flight', async () => {
  bulk(0, 1);
  await pass(1);
  bulk(1, 2);
  await pass(1000);
  bulk(1, 1);
  bulk(2, 4);
  await pass(1);
  expect(sizes()).toEqual([
    [0, 1],
    [2, 4],
  ]);
  for (const { end } of started.slice()) end();
  await pass(0);
  expect(sizes().at(-1)).toEqual([1, 3]);
});

test('unary commands wait for company while enough batches of them are in flight', async () => {
  unary(0, 1);
  await pass(1);
  unary(1, 1);
  await pass(50);
  unary(1, 2);
  bulk(2, 4);
  await pass(1);
  expect(sizes()).toEqual([
    [0, 1],
    [2, 3],
  ]);
  started[0]?.end();
  await pass(0);
  expect(sizes().at(-1)).toEqual([1, 3]);
});

test('batches of unary commands that come together start together', async () => {
  for (const partition of [0, 1, 2]) unary(partition, 1);
  await pass(1);
  expect(sizes()).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
  ]);
});

test('batches of unary commands that waited start together, to share a transaction', async () => {
  unary(0, 1);
  await pass(1);
  unary(1, 1);
  unary(2, 2);
  await pass(1);
  expect(sizes()).toEqual([[0, 1]]);
  unary(0, 3);
  started[0]?.end();
  await pass(0);
  expect(sizes().slice(1)).toEqual([
    [1, 1],
    [2, 2],
    [0, 3],
  ]);
});

test('few bulk items go along with unary commands, but a full batch comes in the end', async () => {
  bulk(0, 4);
  await pass(1);
  bulk(0, 6);
  for (let batch = 0; batch < 4; batch++) {
    unary(0, 1);
    started.at(-1)?.end();
    await pass(1);
  }
  expect(sizes()).toEqual([
    [0, 4],
    [0, 2],
    [0, 2],
    [0, 2],
    [0, 4],
  ]);
});

test('what gives way has an end: past its patience it takes a free processor', async () => {
  bulk(0, 4);
  await pass(1);
  bulk(1, 1);
  await pass(1_998);
  expect(sizes()).toEqual([[0, 4]]);
  await pass(3);
  expect(sizes().at(-1)).toEqual([1, 1]);
});

test('unary commands wait for company no longer than their patience', async () => {
  unary(0, 1);
  await pass(1);
  unary(1, 1);
  await pass(498);
  expect(sizes()).toEqual([[0, 1]]);
  await pass(3);
  expect(sizes().at(-1)).toEqual([1, 1]);
});

test('batches are small while unary commands come, also where none of them is', async () => {
  unary(0, 1);
  bulk(1, 4);
  await pass(1);
  expect(sizes().at(-1)).toEqual([1, 3]);
  started.at(-1)?.end();
  await pass(2_000);
  expect(sizes().at(-1)).toEqual([1, 1]);
  started.at(-1)?.end();
  bulk(1, 4);
  await pass(1);
  expect(sizes().at(-1)).toEqual([1, 4]);
});

test('without a free processor a lane lends its turn to unary commands, not for ever', async () => {
  bulk(1, 4);
  bulk(2, 4);
  await pass(1);
  bulk(0, 1);
  unary(0, 1);
  await pass(1);
  expect(sizes().at(-1)).toEqual([0, 1]);
  await pass(2_000);
  unary(0, 1);
  started.at(-1)?.end();
  await pass(1);
  expect(sizes().at(-1)).toEqual([0, 2]);
});

test('a queue is full by its bytes too', () => {
  const taken = Array.from({ length: 9 }, () => batcher.tryEnqueue(bulkItem(0, 25)));
  expect(taken.filter(Boolean)).toHaveLength(3);
  const commands = Array.from({ length: 9 }, () => batcher.tryEnqueue(unaryItem(0, 40)));
  expect(commands.filter(Boolean)).toHaveLength(2);
});

test('while unary commands come few bulk batches are in flight, full ones too', async () => {
  unary(0, 1);
  bulk(1, 4);
  bulk(2, 4);
  await pass(500);
  expect(sizes()).toEqual([
    [0, 1],
    [1, 3],
  ]);
  await pass(600);
  started[0]?.end();
  await pass(1);
  expect(sizes().at(-1)).toEqual([2, 4]);
});
