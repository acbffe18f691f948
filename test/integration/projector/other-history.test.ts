/**
 * The event store has become an older copy and has gone on from there, past the projection's
 * position, before anybody compared heads: its next record would follow by position. It does not by
 * the batch that it names.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepLane } from '../../../projector-svc/lane-step.ts';
import { addRecords, newLane } from '../../../projector-svc/partition-lane.ts';
import { verdictOf } from '../../../projector-svc/projection-failures.ts';
import { OtherHistory } from '../../../projector-svc/record-chain.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { expectProjected, history } from './account-history.ts';
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

/** Each names the one before it. */
function chained(records: readonly LogRecord[]): LogRecord[] {
  return records.map((record, n) => ({ ...record, previousBatchId: records[n - 1]?.batchId }));
}

async function applyAll(partition: number, records: readonly LogRecord[]): Promise<bigint> {
  const lane = newLane(partition);
  addRecords(lane, records, 0);
  await stepLane(stepper, lane);
  return lane.head?.seq ?? -1n;
}

/** Five positions are projected; then the log is the first four, and two others behind them. */
async function goneOn(partition: number): Promise<{ accountId: string; other: LogRecord[] }> {
  const { accountId, records } = history(partition, 5);
  const first = chained(records);
  await world.store(first);
  expect(await applyAll(partition, first)).toBe(5n);
  const { records: others } = history(partition, 6);
  const second = chained([...first.slice(0, 4), ...others.slice(4)]);
  const sql = 'delete from outbox where partition = $1 and seq = 5';
  await world.databases.eventStore.query(sql, [partition]);
  await world.store(second.slice(4));
  return { accountId, other: second.slice(4) };
}

describe('a record that follows by position alone', () => {
  test.each([
    ['from Kafka', 2, (records: LogRecord[]) => ({ records, fillUntil: 0n })],
    ['from the outbox', 3, () => ({ records: [], fillUntil: 6n })],
  ])('stops its partition: %s', async (_name, partition, arriving) => {
    const { accountId, other } = await goneOn(partition);
    const { records, fillUntil } = arriving(other.slice(1));
    const lane = { ...newLane(partition), fillUntil };
    addRecords(lane, records, 0);
    const error = await stepLane(stepper, lane).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(OtherHistory);
    expect(String(error)).toContain(`record 6 of partition ${partition} in the event store`);
    expect(verdictOf(error)).toBe('stop-partition');
    expect(await world.appliedSeq(partition)).toBe(5n);
    await expectProjected(world.databases, accountId, 5);
  });

  test('is passed over for the row of the event store, where that one follows', async () => {
    const { accountId, records } = history(4, 6);
    const log = chained(records);
    await world.store(log);
    expect(await applyAll(4, log.slice(0, 5))).toBe(5n);
    const strange = log.slice(5).map((one) => ({ ...one, previousBatchId: randomUUID() }));
    expect(await applyAll(4, strange)).toBe(6n);
    await expectProjected(world.databases, accountId, 6);
  });
});
