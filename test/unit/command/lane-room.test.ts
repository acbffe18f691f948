/** Single commands that would wait too long in their lane are refused at once. */
import { ANYONE } from '#platform/caller.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBatcher, type Batcher } from '../../../command-svc/batcher.ts';
import { bulkItem, unaryItem } from '#test/support/batch-items.ts';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';

const TURN_MS = 100;

/** Ends the batch in flight in a lane. */
let ends: (() => void)[];
let batcher: Batcher;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  ends = [];
  const limits = { ...WIDE_LIMITS, batchItemsMax: 4, queueMsMax: 1_000 };
  const started = <T>(result: T) => {
    const { promise, resolve } = Promise.withResolvers<T>();
    ends.push(() => resolve(result));
    return promise;
  };
  batcher = createBatcher(
    2,
    limits,
    () => started([]),
    () => started(undefined),
  );
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const end = async (): Promise<void> => {
  for (const one of ends.splice(0)) one();
  await pass(0);
};
/** Of one lane or two. */
const isTaken = (leftMs?: number, otherPartition?: number): boolean => {
  const deadlineAtMs = leftMs === undefined ? undefined : performance.now() + leftMs;
  const origin = {
    kind: 'unary',
    traceparent: undefined,
    caller: ANYONE,
    settle: () => undefined,
  } as const;
  const item = { ...unaryItem(0), otherPartition, origin: { ...origin, deadlineAtMs } };
  return batcher.tryEnqueue(item);
};
const take = (count: number): void => {
  for (let n = 0; n < count; n++) expect(isTaken()).toBe(true);
};
/** Lane 0 has made two turns, and begins the next one with a full batch. */
async function inTheThirdTurn(firstTurnMs = TURN_MS): Promise<void> {
  take(4);
  for (const turnMs of [firstTurnMs, TURN_MS]) {
    await pass(turnMs);
    take(4);
    await end();
  }
}

test('by what stands before it, before anybody has waited', async () => {
  await inTheThirdTurn();
  take(8); // two batches behind the one in flight
  expect(isTaken(2 * 3 * TURN_MS - 10)).toBe(false);
  expect(isTaken(2 * 3 * TURN_MS + 10)).toBe(true);
  await pass(50);
  expect(isTaken(2 * 2.5 * TURN_MS - 10)).toBe(false);
  expect(isTaken(2 * 2.5 * TURN_MS + 10)).toBe(true);
});

test('what waits in a lane is bounded in time, without a deadline too', async () => {
  await inTheThirdTurn();
  for (let turns = 1; turns <= 9; turns++) take(4);
  expect(batcher.tryEnqueue(unaryItem(1))).toBe(true); // another lane is as it was
  await pass(10);
  take(4);
  expect(isTaken()).toBe(false);
  expect(batcher.tryEnqueue(bulkItem(0))).toBe(true); // streams have room, or wait for it
  await pass(TURN_MS - 10);
  await end();
  expect(isTaken()).toBe(true);
});

test('a turn that was held up says nothing of the next', async () => {
  await inTheThirdTurn(30_000);
  expect(isTaken(2 * TURN_MS + 10)).toBe(true);
});

test('an idle lane takes a command, however long its turns were', async () => {
  await inTheThirdTurn();
  await pass(TURN_MS);
  await end();
  expect(isTaken(1)).toBe(true);
});

test('by how long the oldest has waited, when the lane stands still', async () => {
  take(1);
  await pass(1);
  take(1); // waits for the one in flight
  await pass(600);
  expect(isTaken(1_100)).toBe(false);
  expect(isTaken(1_300)).toBe(true);
  expect(isTaken()).toBe(true);
  await pass(401);
  expect(isTaken()).toBe(false);
});

test('a command of two lanes waits for the slower one', async () => {
  await inTheThirdTurn();
  take(8);
  expect(isTaken(2 * 3 * TURN_MS - 10, 1)).toBe(false);
  expect(isTaken(2 * 3 * TURN_MS + 10, 1)).toBe(true);
});
