/**
 * An event store that came back older than the erasures that the projection has done: they are
 * counted on from below, so renewing the log has the projection forget their numbers.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetErasures } from '#deploy/ops/forget-erasures.ts';
import { deposited, logRecord, opened } from '../../unit/projector/record-fixtures.ts';
import { HeadMoved } from '../../../projector-svc/commit-rows.ts';
import { purgeErased } from '../../../projector-svc/erased-texts.ts';
import { stepLane } from '../../../projector-svc/lane-step.ts';
import { addRecords, newLane } from '../../../projector-svc/partition-lane.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { openStepper } from './lane-stepper.ts';
import { openWorld, type World } from './projector-fixture.ts';

const PARTITION = 3;
const DONE_BEFORE = 7n;
const accountId = randomUUID();

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

/** Position 1 opens the account of Ada, the second one pays into it. */
function record(seq: bigint): LogRecord {
  const event =
    seq === 1n
      ? opened(accountId)
      : deposited({ accountId, version: seq, amount: 10n, balance: 10n });
  const body = event.event?.body;
  if (body?.$case === 'accountOpened') {
    body.value.owner = { form: { $case: 'plain', value: 'Ada' } };
  }
  return logRecord({ partition: PARTITION, seq, events: [event] });
}

test('goes on, and does the erasures that come next', async () => {
  const { eventStore, projectionStore } = world.databases;
  await projectionStore.query('select make_rebuild()');
  for (const heads of ['public.projected_heads', 'rebuild.projected_heads', 'purged_erasures']) {
    await projectionStore.query(`update ${heads} set erasure_no = $1`, [DONE_BEFORE]);
  }
  const lane = newLane(PARTITION);
  const step = async (seq: bigint): Promise<void> => {
    const one = record(seq);
    await world.store([one]);
    addRecords(lane, [one], 0);
    await stepLane(stepper, lane);
  };
  await expect(step(1n)).rejects.toThrow(HeadMoved); // nobody knows of seven erasures

  await forgetErasures(projectionStore);
  lane.head = undefined;
  await stepLane(stepper, lane);
  await step(2n);
  expect(await world.appliedSeq(PARTITION)).toBe(2n);

  await eventStore.query(
    `insert into owner_keys (tenant, owner_index, erased_at, erasure_no) values ('', $1, now(), 1)`,
    [randomBytes(32)],
  );
  await eventStore.query('insert into account_keys select $1, key_id from owner_keys', [accountId]);
  const { projecting: projection, texts, log } = stepper;
  await purgeErased({ eventStore: stepper.eventStore, projection, texts, log });
  const { rows } = await projectionStore.query<{ owner: string }>('select owner from balances');
  expect(rows).toEqual([{ owner: '' }]);
});
