/**
 * Kafka may bring a record whose commit other sessions of the event store do not see yet: then the
 * projection is ahead, and it is no older copy. Comparisons are made by hand, at the moments that
 * count.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { until } from '#test/support/until.ts';
import { TAIL } from '../../../projector-svc/config.ts';
import { stepLane } from '../../../projector-svc/lane-step.ts';
import { addRecords, newLane } from '../../../projector-svc/partition-lane.ts';
import { getProjectionStatus } from '../../../projector-svc/projection-status.ts';
import { createPump } from '../../../projector-svc/projection-pump.ts';
import { readLedger } from '../../../projector-svc/sql/read-ledger.ts';
import { createTailCheck } from '../../../projector-svc/tail-check.ts';
import { history } from './account-history.ts';
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

test('a projection that is ahead stops when the event store stays behind, not before', async () => {
  const lanes = Array.from({ length: 16 }, (_, partition) => newLane(partition));
  const settings = () => ({ batchEventsMax: 500, batchTimeoutMs: 100 });
  const fail = (reason: string): never => expect.fail(reason);
  const log = silentLogger;
  const { reading, eventStore } = stepper;
  const pump = createPump({ lanes, step: (lane) => stepLane(stepper, lane), settings, log, fail });
  const { logId } = await readLedger(eventStore);
  const health = { projectionRead: () => undefined };
  const check = createTailCheck({ reading, eventStore, lanes, pump, logId, health, log, fail });

  const [unseen, lost] = [history(3, 5), history(4, 5)];
  for (const { records } of [unseen, lost]) {
    await world.store(records.slice(0, 4));
    const lane = newLane(records[0]?.partition ?? -1);
    addRecords(lane, records, 0);
    await stepLane(stepper, lane);
  }
  expect([await world.appliedSeq(3), await world.appliedSeq(4)]).toEqual([5n, 5n]);
  const startedMs = performance.now();
  await check.compare();
  const notAskedYet = { look: undefined, lag: 'not-asked-yet', checks: [] } as const;
  const pipeline = { latest: () => notAskedYet };
  const { partitions } = await getProjectionStatus({ reading, eventStore, lanes, pipeline });
  expect(partitions.filter(({ alarm }) => alarm !== '')).toEqual([]);
  await world.store(unseen.records.slice(4));
  await until('the alarm', async () => {
    await check.compare();
    return lanes[4]?.alarm === 'partition 4: the projection is at 5, the event store at 4';
  });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(TAIL.aheadMs);
  expect(lanes.filter(({ alarm }) => alarm !== '')).toHaveLength(1);
});
