/**
 * Records of positions that the log has not reached, as a stranger writes them to the topic: they
 * are put aside together, and neither the outbox nor the records behind them wait for each.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stepLane } from '../../../projector-svc/lane-step.ts';
import { addRecords, feedFromOutbox, newLane } from '../../../projector-svc/partition-lane.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { expectProjected, history } from './account-history.ts';
import { NONSENSE, withPayload } from './dead-letter-fixture.ts';
import { openStepper } from './lane-stepper.ts';
import { openWorld, type World } from './projector-fixture.ts';

let world: World;
let stepper: ReturnType<typeof openStepper>;
beforeAll(async () => {
  world = await openWorld();
  stepper = openStepper(world);
});
afterAll(async () => {
  await stepper.close();
  await world.close();
});

function strangersOf(records: readonly LogRecord[], from: bigint, count: number): LogRecord[] {
  const [first] = records;
  if (first === undefined) throw new Error('there is a record');
  return Array.from({ length: count }, (_, n) => {
    const at = { seq: from + BigInt(n), offset: BigInt(n), batchId: randomUUID() };
    return withPayload({ ...first, ...at }, NONSENSE);
  });
}

async function letters(partition: number): Promise<number> {
  const { rowCount } = await world.databases.projectionStore.query(
    `select from dead_letters where partition = $1 and source = 'kafka'`,
    [partition],
  );
  return rowCount ?? 0;
}

test('the outbox has its turn while they stand in front; one step puts all aside', async () => {
  const { accountId, records } = history(0, 3);
  await world.store(records);
  const lane = newLane(0);
  addRecords(lane, strangersOf(records, 700n, 40), 0);
  feedFromOutbox(lane, 0n);
  lane.fillUntil = 3n;
  await stepLane(stepper, lane);
  expect(lane.head?.seq).toBe(3n);
  expect(lane.queue).toEqual([]);
  expect(lane.feed).toBe('outbox');
  expect(await letters(0)).toBe(40);
  await expectProjected(world.databases, accountId, 3);
});

test('those that would follow next, and cannot be read, go together too', async () => {
  const { records } = history(1, 2);
  await world.store(records);
  const lane = newLane(1);
  addRecords(lane, records, 0);
  await stepLane(stepper, lane);
  expect(lane.head?.seq).toBe(2n);
  addRecords(lane, strangersOf(records, 3n, 40), 0);
  await stepLane(stepper, lane);
  expect(lane.queue).toEqual([]);
  expect(await letters(1)).toBe(40);
});
