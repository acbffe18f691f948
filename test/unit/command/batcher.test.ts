/** The batcher: when a batch starts, what is in it, how it pushes back, and how it ends. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BatchItem, ItemOutcome } from '../../../command-svc/batch-item.ts';
import { createBatcher } from '../../../command-svc/batcher.ts';
import type { ProcessBatch } from '../../../command-svc/lane.ts';
import type { BatcherLimits } from '../../../command-svc/batch-start.ts';
import type { Batcher } from '../../../command-svc/batcher.ts';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';
import { bulkItem, unaryItem } from '#test/support/batch-items.ts';

const LIMITS: BatcherLimits = {
  ...WIDE_LIMITS,
  batchItemsMax: 4,
  batchBytesMax: 1000,
  processors: 2,
  queueItemsMax: 6,
};
type Started = {
  partition: number;
  items: readonly BatchItem[];
  queuedSinceMs: number;
  end: () => void;
};

describe('the batcher', () => {
  let started: Started[];
  let settled: ItemOutcome[];
  let batcher: Batcher;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
    started = [];
    settled = [];
    batcher = createBatcher(3, LIMITS, startBatch, () => Promise.resolve());
  });
  afterEach(() => vi.useRealTimers());

  const startBatch: ProcessBatch = (partition, items, queuedSinceMs) => {
    const { promise, resolve } = Promise.withResolvers<BatchItem[]>();
    started.push({ partition, items, queuedSinceMs, end: () => resolve([]) });
    return promise;
  };
  const settle = (outcome: ItemOutcome): void => void settled.push(outcome);
  const bulk = (partition: number, count: number, bytes = 10) =>
    Array.from({ length: count }, () => batcher.tryEnqueue(bulkItem(partition, bytes, settle)));
  const unary = (partition: number) => batcher.tryEnqueue(unaryItem(partition, 10, settle));
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const sizes = () => started.map(({ partition, items }) => [partition, items.length]);
  const end = async (n: number) => {
    started[n]?.end();
    await pass(0);
  };

  test('starts at once when nothing is in flight: a time-out is no wait', async () => {
    bulk(0, 1);
    await pass(1);
    expect(sizes()).toEqual([[0, 1]]);
  });

  test('takes all items of one tick together', async () => {
    bulk(0, 3);
    await pass(1);
    expect(sizes()).toEqual([[0, 3]]);
  });

  test('starts a full batch at once while others are in flight', async () => {
    bulk(0, 1);
    await pass(1);
    bulk(1, 4);
    await pass(1);
    expect(sizes()).toEqual([
      [0, 1],
      [1, 4],
    ]);
  });

  test('starts a batch that is full in bytes', async () => {
    bulk(0, 1);
    await pass(1);
    bulk(1, 2, 600);
    await pass(1);
    expect(sizes()).toEqual([
      [0, 1],
      [1, 1],
    ]);
    await end(1);
    await pass(LIMITS.batchTimeoutMs);
    expect(sizes().at(-1)).toEqual([1, 1]);
  });

  test('takes an item that alone is beyond the bytes', async () => {
    bulk(0, 1, 5000);
    await pass(1);
    expect(sizes()).toEqual([[0, 1]]);
  });

  test('takes no bulk items along with a unary command when all processors are taken', async () => {
    bulk(0, 4);
    bulk(1, 4);
    await pass(1);
    bulk(2, 2);
    unary(2);
    await pass(1);
    expect(sizes()).toEqual([
      [0, 4],
      [1, 4],
      [2, 1],
    ]);
    expect(started[2]?.items[0]?.origin.kind).toBe('unary');
  });

  test('starts a part of a batch at the time-out, counted from its oldest item', async () => {
    bulk(0, 1);
    await pass(1);
    const queuedAtMs = performance.now();
    bulk(1, 1);
    await pass(60);
    bulk(1, 1);
    await pass(39);
    expect(sizes()).toEqual([[0, 1]]);
    await pass(2);
    expect(sizes()).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(started[1]?.queuedSinceMs).toBe(queuedAtMs);
  });

  test('starts what waits when the last batch in flight has ended', async () => {
    bulk(0, 1);
    await pass(1);
    bulk(1, 2);
    await pass(1);
    await end(0);
    expect(sizes()).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  test('has one batch in flight a lane, whatever waits', async () => {
    bulk(0, 6);
    await pass(1000);
    expect(sizes()).toEqual([[0, 4]]);
    await end(0);
    expect(sizes()).toEqual([
      [0, 4],
      [0, 2],
    ]);
  });

  test('has no more bulk batches in flight than processors', async () => {
    bulk(0, 4);
    bulk(1, 4);
    bulk(2, 4);
    await pass(1000);
    expect(sizes()).toEqual([
      [0, 4],
      [1, 4],
    ]);
    await end(0);
    expect(sizes()).toEqual([
      [0, 4],
      [1, 4],
      [2, 4],
    ]);
  });

  test('starts a unary command whatever bulk is in flight elsewhere', async () => {
    bulk(0, 4);
    bulk(1, 4);
    await pass(1);
    unary(2);
    await pass(1);
    expect(sizes().at(-1)).toEqual([2, 1]);
  });

  test('lets unary commands lead, and fills up with bulk items', async () => {
    bulk(0, 1);
    await pass(1);
    bulk(0, 4);
    unary(0);
    await end(0);
    expect(started[1]?.items.map(({ origin }) => origin.kind)).toEqual([
      'unary',
      'submission',
      'submission',
      'submission',
    ]);
  });

  test('refuses what a full queue cannot take, and tells when there is room', async () => {
    bulk(0, 4);
    await pass(1);
    expect(bulk(0, 7)).toEqual([true, true, true, true, true, true, false]);
    expect(unary(0)).toBe(true);
    expect(bulk(1, 1)).toEqual([true]);
    let room = false;
    void batcher.whenRoom(bulkItem(0)).then(() => (room = true));
    await pass(1000);
    expect(room).toBe(false);
    await end(0);
    expect(room).toBe(true);
    await batcher.whenRoom(bulkItem(2));
  });

  test('drains when it stops: processes what it took, takes nothing new', async () => {
    bulk(0, 1);
    await pass(1);
    bulk(0, 2);
    bulk(1, 2);
    let stopped = false;
    void batcher.stop().then(() => (stopped = true));
    await pass(1);
    expect(sizes()).toEqual([
      [0, 1],
      [1, 2],
    ]);
    bulk(2, 1);
    expect(settled).toMatchObject([{ kind: 'failed', error: { reason: 'SHUTTING_DOWN' } }]);
    await end(0);
    await end(1);
    expect(stopped).toBe(false);
    expect(sizes()).toEqual([
      [0, 1],
      [1, 2],
      [0, 2],
    ]);
    await end(2);
    expect(stopped).toBe(true);
  });

  test('stops at once when there is nothing to do', async () => {
    await batcher.stop();
  });
});
