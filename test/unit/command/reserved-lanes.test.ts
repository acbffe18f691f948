/** When a bulk barrier reserves its lanes: neither too early for others nor too late for itself. */
import { expect, test } from 'vitest';
import { LIMITS, openBarrierBench, type BarrierBench } from '#test/support/barrier-bench.ts';

const PATIENT = { ...LIMITS, partialPatienceMs: 60_000 };
const LATE = { ...LIMITS, partialPatienceMs: 0 };

/** All processors are taken, by lanes 0 and 1, which hold more. */
async function openBusyBench(limits: typeof LIMITS): Promise<BarrierBench> {
  const one = openBarrierBench(limits);
  for (const lane of [0, 0, 1, 1]) one.batcher.tryEnqueue(one.item(lane));
  await one.turn();
  return one;
}

test.each([PATIENT, LATE])('one that finds no processor lets commands by', async (limits) => {
  const one = await openBusyBench(limits);
  one.barrier([2, 3]);
  await one.turn();
  one.batcher.tryEnqueue(one.item(2, 'unary'));
  one.barrier([3], 'unary');
  await one.turn();
  expect(one.lanes()).toEqual(['0', '1', '3', '2']);
});

/** A processor comes free while lane 2 is busy, and lane 0 takes it. */
async function missProcessor(one: BarrierBench): Promise<void> {
  one.barrier([2, 3]);
  one.batcher.tryEnqueue(one.item(2, 'unary'));
  await one.turn();
  one.running[0]?.end();
  await one.turn();
  expect(one.lanes()).toEqual(['1', '2', '0']);
  one.batcher.tryEnqueue(one.item(3, 'unary'));
  await one.turn();
}

test('one that misses a processor still lets commands by', async () => {
  const one = await openBusyBench(PATIENT);
  await missProcessor(one);
  expect(one.lanes()).toEqual(['1', '2', '0', '3']);
});

test('one that misses a processor past its patience gets the next', async () => {
  const one = await openBusyBench(LATE);
  await missProcessor(one);
  one.running[1]?.end();
  await one.turn();
  expect(one.lanes()).toEqual(['1', '0']);
  one.running[0]?.end();
  await one.turn();
  expect(one.lanes()).toEqual(['0', '2+3']);
  one.running[1]?.end();
  await one.turn();
  expect(one.lanes()).toEqual(['0', '1', '3']);
});
