/** What direct batches bring goes before what streams have queued, and streams go on beside it. */
import { expect, test } from 'vitest';
import {
  indexOf,
  LIMITS,
  openBarrierBench,
  type BarrierBench,
} from '#test/support/barrier-bench.ts';

const STREAM = 100;
const DIRECT = 200;
const NEAR_UNARY = 4;
/** A stream fills its lane's queue; single commands come, so that batches are short. */
const FULL = {
  ...LIMITS,
  batchItemsMax: 50,
  batchBytesMax: 900_000,
  queueItemsMax: 12,
  nearUnaryItemsMax: NEAR_UNARY,
};

const indexes = (one: BarrierBench): number[][] =>
  one.running.map(({ items }) => items.map(indexOf));
const end = async (one: BarrierBench): Promise<void> => {
  one.running[0]?.end();
  await one.turn();
};

/** Lane 0 is full of a stream's items 101 to 112, behind a batch in flight. */
async function openFull(): Promise<BarrierBench> {
  const one = openBarrierBench(FULL);
  one.batcher.tryEnqueue(one.item(0, 'unary'));
  await one.turn();
  for (let n = 1; n <= FULL.queueItemsMax; n++) {
    expect(one.batcher.tryEnqueue(one.item(0, 'submission', STREAM + n))).toBe(true);
  }
  expect(one.batcher.tryEnqueue(one.item(0))).toBe(false);
  return one;
}

test('an item goes in the next batch, however full of streams its lane is', async () => {
  const one = await openFull();
  expect(one.batcher.tryEnqueue(one.item(0, 'direct', DIRECT))).toBe(true);
  await end(one);
  expect(indexes(one)).toEqual([[200, 101, 102, 103]]);
});

test('streams have half of the room, and all that direct batches leave', async () => {
  const one = await openFull();
  for (let n = 1; n <= 5; n++) one.batcher.tryEnqueue(one.item(0, 'direct', DIRECT + n));
  const batches: number[][][] = [];
  for (let n = 0; n < 4; n++) {
    await end(one);
    batches.push(indexes(one));
  }
  expect(batches).toEqual([
    [[201, 202, 101, 102]],
    [[203, 204, 103, 104]],
    [[205, 105, 106, 107]],
    [[108, 109, 110, 111]],
  ]);
});

test('their queue has a bound of its own, and who waits for it is told', async () => {
  const one = await openFull();
  const enqueue = () => one.batcher.tryEnqueue(one.item(0, 'direct'));
  for (let n = 0; n < FULL.queueItemsMax; n++) expect(enqueue()).toBe(true);
  expect(enqueue()).toBe(false);
  let room = false;
  void one.batcher.whenRoom(one.item(0, 'direct')).then(() => (room = true));
  await one.turn();
  expect(room).toBe(false);
  await end(one);
  expect([room, enqueue()]).toEqual([true, true]);
});

test('an atomic batch waits for direct items before it only, and later ones for it', async () => {
  const one = await openFull();
  one.batcher.tryEnqueue(one.item(0, 'direct', 201));
  one.barrier([0, 1], 'direct', 202);
  one.batcher.tryEnqueue(one.item(0, 'direct', 203));
  await end(one);
  expect(indexes(one)).toEqual([[201, 101, 102, 103]]);
  await end(one);
  expect(indexes(one)).toEqual([[202, 202]]);
  await end(one);
  expect(indexes(one)).toEqual([[203, 104, 105, 106]]);
});

test('a command of two accounts is not passed by the items of its batch', async () => {
  const one = await openFull();
  one.batcher.tryEnqueue(one.item(0, 'direct', 201));
  one.batcher.tryEnqueue(one.pair(0, 1, 'direct', 202));
  for (let n = 3; n <= 6; n++) one.batcher.tryEnqueue(one.item(0, 'direct', DIRECT + n));
  await end(one);
  expect(indexes(one)).toEqual([[201, 101, 102, 103]]);
  await end(one);
  expect(indexes(one)).toEqual([[202, 203, 204, 205]]); // they join it
  await end(one);
  expect(indexes(one)).toEqual([[206, 104, 105, 106]]);
});

test('a run of a stream keeps its place among the items of streams', async () => {
  const one = openBarrierBench(FULL);
  one.batcher.tryEnqueue(one.item(0, 'unary'));
  await one.turn();
  one.batcher.tryEnqueue(one.item(0, 'submission', 101));
  one.batcher.tryEnqueue(one.pair(0, 1, 'submission', 102));
  one.barrier([0, 1], 'direct', 201);
  one.batcher.tryEnqueue(one.item(0, 'direct', 202));
  await end(one);
  expect(indexes(one)).toEqual([[201, 201]]);
  await end(one);
  expect(indexes(one)).toEqual([[202, 101]]);
  await end(one);
  expect(indexes(one)).toEqual([[102]]);
});
