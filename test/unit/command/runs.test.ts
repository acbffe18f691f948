/**
 * Items of two lanes in the batcher: those that wait go together, none passes another in a lane,
 * and a run has an end.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  indexOf,
  LANES,
  LIMITS,
  openBarrierBench,
  type BarrierBench,
} from '#test/support/barrier-bench.ts';

const WIDE = { ...LIMITS, batchItemsMax: 100 };

function openBench(limits = WIDE): BarrierBench {
  return openBarrierBench(limits);
}

const indexes = (one: BarrierBench): number[][] =>
  one.running.map(({ items }) => items.map(indexOf));

describe('items of two lanes', () => {
  test('that come together are one batch over all their lanes', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.pair(2, 0, 'submission', 1));
    one.batcher.tryEnqueue(one.pair(0, 3, 'submission', 2));
    one.batcher.tryEnqueue(one.pair(3, 2, 'submission', 3));
    await one.turn();
    expect(one.lanes()).toEqual(['0+2+3']);
    expect(indexes(one)).toEqual([[1, 2, 3]]);
  });

  test('that come while one is in flight go together in the next', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.pair(0, 1, 'unary'));
    await one.turn();
    for (let n = 0; n < 5; n++) one.batcher.tryEnqueue(one.pair(1, 2, 'unary'));
    await one.turn();
    expect(one.lanes()).toEqual(['0+1']);
    one.running[0]?.end();
    await one.turn();
    expect(one.running.map(({ items }) => items.length)).toEqual([5]);
  });

  test('wait for the bulk items before them, and later ones join them', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.item(0, 'submission', 1));
    await one.turn();
    one.batcher.tryEnqueue(one.item(0, 'submission', 2));
    one.batcher.tryEnqueue(one.pair(0, 1, 'submission', 3));
    one.batcher.tryEnqueue(one.item(0, 'submission', 4));
    one.batcher.tryEnqueue(one.pair(1, 0, 'submission', 5));
    one.running[0]?.end();
    await one.turn();
    expect(indexes(one)).toEqual([[2]]);
    one.running[0]?.end();
    await one.turn();
    expect(indexes(one)).toEqual([[3, 4, 5]]);
  });

  test('do not join a run when they would pass a bulk item', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.item(0, 'submission', 1));
    await one.turn();
    one.batcher.tryEnqueue(one.pair(0, 1, 'submission', 2));
    one.batcher.tryEnqueue(one.item(2, 'submission', 3));
    one.batcher.tryEnqueue(one.pair(2, 1, 'submission', 4));
    one.batcher.tryEnqueue(one.item(2, 'submission', 5));
    one.running[0]?.end();
    await one.turn();
    const all: number[] = [];
    while (one.running.length > 0) {
      all.push(...(one.running[0]?.items.map(indexOf) ?? []));
      one.running[0]?.end();
      await one.turn();
    }
    expect(all).toEqual([3, 2, 4, 5]);
  });

  test('are no more in a run than a batch may have', async () => {
    const one = openBench({ ...LIMITS, batchItemsMax: 2 });
    for (let n = 1; n <= 5; n++) one.batcher.tryEnqueue(one.pair(0, 1, 'submission', n));
    await one.turn();
    expect(indexes(one)).toEqual([[1, 2]]);
  });

  test('find no room in a lane that holds as many as it may', async () => {
    const one = openBench({ ...WIDE, queueItemsMax: 2 });
    one.batcher.tryEnqueue(one.pair(0, 1));
    await one.turn();
    const answers = [0, 0, 2].map((from) => one.batcher.tryEnqueue(one.pair(from, 1)));
    expect(answers).toEqual([true, true, false]);
    expect(one.batcher.tryEnqueue(one.pair(2, 3))).toBe(true);
  });

  test('of streams fill no queue but their own', async () => {
    const one = openBench({ ...WIDE, queueItemsMax: 2 });
    one.batcher.tryEnqueue(one.pair(0, 1));
    await one.turn();
    const fill = (): boolean => one.batcher.tryEnqueue(one.pair(0, 1));
    expect([fill(), fill(), fill()]).toEqual([true, true, false]);
    expect(one.batcher.tryEnqueue(one.pair(0, 1, 'unary'))).toBe(true);
    expect(one.barrier([0, 1])).toBe(true);
    expect(one.barrier([0, 1])).toBe(false);
    expect(one.batcher.tryEnqueue(one.pair(1, 0, 'unary'))).toBe(false);
  });
});

const step = fc.oneof(
  fc.record({
    kind: fc.constantFrom('submission' as const, 'unary' as const),
    lanes: fc.uniqueArray(fc.nat(LANES - 1), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('end' as const), which: fc.nat(9), deferAll: fc.boolean() }),
);

describe('any order of arrivals and endings', () => {
  test('processes all, one owner a lane, bulk items of a lane in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
        const one = openBench({ ...LIMITS, batchItemsMax: 3 });
        let all = 0;
        for (const [n, what] of steps.entries()) {
          if (what.kind === 'end') {
            const run = one.running[what.which % Math.max(1, one.running.length)];
            run?.end(what.deferAll && !run.isBarrier ? run.items : []);
            await one.turn();
            continue;
          }
          const [from = 0, to] = what.lanes;
          const item =
            to === undefined ? one.item(from, what.kind, n) : one.pair(from, to, what.kind, n);
          expect(one.batcher.tryEnqueue(item)).toBe(true);
          all += 1;
        }
        const stopping = one.batcher.stop();
        for (let n = 0; n < 1_000 && one.done.length < all; n++) {
          one.running[0]?.end();
          await one.turn();
        }
        await stopping;
        expect(one.done).toHaveLength(all);
        for (let lane = 0; lane < LANES; lane++) {
          const inLane = one.done
            .filter((item) => item.partition === lane || item.otherPartition === lane)
            .map(indexOf)
            .filter((index) => index >= 0);
          expect(inLane).toEqual(inLane.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 200 },
    );
  });
});
