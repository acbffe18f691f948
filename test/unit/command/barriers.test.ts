/**
 * Barriers in the batcher: when they start, what waits for them, and that no order of arrivals and
 * endings leaves anything waiting for ever.
 */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { queueKindOf } from '../../../command-svc/batch-item.ts';
import {
  indexOf,
  LANES,
  LIMITS,
  openBarrierBench as openBench,
} from '#test/support/barrier-bench.ts';

describe('what a batch puts off', () => {
  test('goes before all else in the next one, unary commands first', async () => {
    const one = openBench({ ...LIMITS, batchItemsMax: 9 });
    one.batcher.tryEnqueue(one.item(0, 'submission', 1));
    one.batcher.tryEnqueue(one.item(0, 'unary'));
    await one.turn();
    const [first] = one.running;
    one.batcher.tryEnqueue(one.item(0, 'submission', 2));
    one.batcher.tryEnqueue(one.item(0, 'unary'));
    first?.end(first.items);
    await one.turn();
    const items = one.running[0]?.items ?? [];
    expect(items.map(indexOf)).toEqual([-1, -1, 1, 2]);
    expect(items[0]).toBe(first?.items[0]);
  });
});

describe('a barrier', () => {
  test('starts at once on idle lanes and takes them all', async () => {
    const one = openBench();
    one.barrier([2, 0]);
    await one.turn();
    expect(one.lanes()).toEqual(['0+2']);
    one.batcher.tryEnqueue(one.item(0));
    one.batcher.tryEnqueue(one.item(1));
    await one.turn();
    expect(one.lanes()).not.toContain('0');
    one.running[0]?.end();
    await one.turn();
    expect(one.lanes()).toContain('0');
  });

  test('waits for the bulk items before it, and later ones wait for it', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.item(0));
    await one.turn();
    one.batcher.tryEnqueue(one.item(0, 'submission', 1));
    one.barrier([0, 1], 'bulk', 2);
    one.batcher.tryEnqueue(one.item(0, 'submission', 3));
    one.batcher.tryEnqueue(one.item(1, 'submission', 3));
    await one.turn();
    expect(one.lanes()).toEqual(['0']);
    one.running[0]?.end();
    await one.turn();
    expect(one.running.map(({ items }) => items.map(indexOf))).toEqual([[1]]);
    one.running[0]?.end();
    await one.turn();
    expect(one.lanes()).toEqual(['0+1']);
    one.running[0]?.end();
    await one.turn();
    expect(one.lanes().toSorted()).toEqual(['0', '1']);
  });

  test('of a unary command passes waiting bulk items, not the batch in flight', async () => {
    const one = openBench();
    for (let n = 0; n < 6; n++) one.batcher.tryEnqueue(one.item(0));
    await one.turn();
    one.barrier([0, 1], 'unary');
    one.batcher.tryEnqueue(one.item(1, 'unary'));
    await one.turn();
    expect(one.lanes()).toEqual(['0']);
    one.running[0]?.end();
    await one.turn();
    expect(one.lanes()).toEqual(['0+1']);
  });

  test('lets unary commands by until it heads all its lanes', async () => {
    const one = openBench();
    for (let n = 0; n < 6; n++) one.batcher.tryEnqueue(one.item(0));
    await one.turn();
    one.barrier([0, 1]);
    one.batcher.tryEnqueue(one.item(1, 'unary'));
    await one.turn();
    expect(one.lanes()).toEqual(['0', '1']);
  });

  test('goes behind an item that its lane takes back', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.item(0, 'submission', 1));
    await one.turn();
    one.barrier([0, 1], 'bulk', 2);
    one.running[0]?.end(one.running[0].items);
    await one.turn();
    expect(one.running.map(({ items }) => items.map(indexOf))).toEqual([[1]]);
    one.running[0]?.end();
    await one.turn();
    expect(one.lanes()).toEqual(['0+1']);
  });

  test('does not pass an earlier one, though its own lanes are free', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.item(1));
    await one.turn();
    one.batcher.tryEnqueue(one.item(1));
    one.barrier([0, 1], 'bulk', 1);
    one.barrier([0], 'bulk', 2);
    await one.turn();
    expect(one.lanes()).toEqual(['1']);
    for (let n = 0; n < 4; n++) {
      one.running[0]?.end();
      await one.turn();
    }
    const lane0 = one.done.filter(({ partition }) => partition === 0);
    expect(lane0.map(indexOf)).toEqual([1, 2]);
  });

  test('of the bulk kind waits for a processor, of the unary kind for none', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.item(0));
    one.barrier([1, 2]);
    await one.turn();
    expect(one.lanes()).toEqual(['1+2', '0']);
    one.barrier([3]);
    await one.turn();
    expect(one.lanes()).toEqual(['1+2', '0']);
    one.running[1]?.end();
    await one.turn();
    expect(one.lanes()).toEqual(['1+2', '3']);
    one.barrier([0], 'unary');
    await one.turn();
    expect(one.lanes()).toEqual(['1+2', '3', '0']);
  });

  test('is refused by a full lane, and counts towards its bound', async () => {
    const one = openBench({ ...LIMITS, queueItemsMax: 2 });
    one.batcher.tryEnqueue(one.item(0));
    await one.turn();
    expect(one.barrier([0, 1])).toBe(true);
    expect(one.batcher.tryEnqueue(one.item(0))).toBe(true);
    expect(one.batcher.tryEnqueue(one.item(0))).toBe(false);
    expect(one.barrier([0, 2])).toBe(true); // streams that keep a lane full do not shut it out
    expect(one.barrier([0, 2])).toBe(false);
    let room = false;
    void one.batcher.whenRoom(one.item(0)).then(() => (room = true));
    for (let n = 0; n < 3; n++) {
      one.running[0]?.end();
      await one.turn();
    }
    expect(room).toBe(true);
  });

  test.each(['bulk', 'unary'] as const)(
    'of the %s kind lets unary commands go first that came before it, however many come',
    async (kind) => {
      vi.useFakeTimers({ toFake: ['performance'] });
      const one = openBench();
      one.barrier([0, 1], kind);
      await one.turn();
      vi.advanceTimersByTime(1);
      one.batcher.tryEnqueue(one.item(0, 'unary'));
      vi.advanceTimersByTime(1);
      one.barrier([0, 1], kind);
      one.barrier([0, 1], kind);
      one.running[0]?.end();
      await one.turn();
      expect(one.lanes()).toEqual(['0']);
      one.running[0]?.end();
      await one.turn();
      expect(one.lanes()).toEqual(['0+1']);
      vi.useRealTimers();
    },
  );

  test('is processed before the batcher stops, and refused after', async () => {
    const one = openBench();
    one.batcher.tryEnqueue(one.item(0));
    await one.turn();
    one.barrier([0, 1]);
    let stopped = false;
    void one.batcher.stop().then(() => (stopped = true));
    one.barrier([2, 3]);
    expect(one.settled).toHaveLength(2);
    one.running[0]?.end();
    await one.turn();
    expect([one.lanes(), stopped]).toEqual([['0+1'], false]);
    one.running[0]?.end();
    await one.turn();
    expect(stopped).toBe(true);
  });
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant('item' as const),
    of: fc.constantFrom('unary' as const, 'direct' as const, 'submission' as const),
    lane: fc.nat(LANES - 1),
  }),
  fc.record({
    kind: fc.constant('barrier' as const),
    of: fc.constantFrom('unary' as const, 'direct' as const, 'bulk' as const),
    lanes: fc.uniqueArray(fc.nat(LANES - 1), { minLength: 1, maxLength: LANES }),
  }),
  fc.record({ kind: fc.constant('end' as const), which: fc.nat(9), deferAll: fc.boolean() }),
);

describe('any order of arrivals and endings', () => {
  test('processes all, one owner a lane, its items of a kind in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const one = openBench({ ...LIMITS, batchItemsMax: 3 });
        let all = 0;
        for (const [n, what] of steps.entries()) {
          if (what.kind === 'item') {
            one.batcher.tryEnqueue(one.item(what.lane, what.of, n));
            all += 1;
          } else if (what.kind === 'barrier') {
            one.barrier(what.lanes, what.of, n);
            all += what.lanes.length;
          } else {
            const run = one.running[what.which % Math.max(1, one.running.length)];
            run?.end(what.deferAll && !run.isBarrier ? run.items : []);
          }
          await one.turn();
        }
        const stopping = one.batcher.stop();
        for (let n = 0; n < 1_000 && one.done.length < all; n++) {
          one.running[0]?.end();
          await one.turn();
        }
        await stopping;
        expect(one.done).toHaveLength(all);
        for (let lane = 0; lane < LANES; lane++) {
          const inLane = one.done.filter((item) => item.partition === lane);
          for (const kind of ['direct', 'bulk'] as const) {
            const indexes = inLane.filter((item) => queueKindOf(item) === kind).map(indexOf);
            expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
