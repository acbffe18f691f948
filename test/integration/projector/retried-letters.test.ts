/**
 * Dead letters are brought back in order, once, from the event store, whoever asks for it and
 * however often; what is still broken stays and says so.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultOf } from '#test/support/bank-calls.ts';
import { HeadMoved } from '../../../projector-svc/commit-rows.ts';
import { RETRY } from '../../../projector-svc/config.ts';
import { stepLane } from '../../../projector-svc/lane-step.ts';
import { addRecords, newLane } from '../../../projector-svc/partition-lane.ts';
import { readProjectedHead } from '../../../projector-svc/sql/read-projected-head.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { logRecord } from '../../unit/projector/record-fixtures.ts';
import {
  accountsOf,
  lettersAt,
  nextDeposit,
  NONSENSE,
  projected,
  repair,
  retryLetters,
  whole,
  withPayload,
  withUnknownType,
} from './dead-letter-fixture.ts';
import { openStepper } from './lane-stepper.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';

let world: World;
let replica: Replica;
let other: Replica;
beforeAll(async () => {
  world = await openWorld();
  [replica, other] = await Promise.all([world.startReplica('a'), world.startReplica('b')]);
});
afterAll(() => world.close());

/** Stored and sent, some of the records broken for one account, and applied as far as it goes. */
async function parked(
  partition: number,
  length: number,
  ...brokenAt: number[]
): Promise<{ id: string; neighbour: string; records: LogRecord[] }> {
  const { ids, records } = accountsOf(world, partition, 2, length);
  const [id = '', neighbour = ''] = ids;
  const stored = records.map((one, n) => (brokenAt.includes(n) ? withUnknownType(one, id) : one));
  await publish(stored);
  expect(await projected(world, id)).toEqual(whole(Math.min(...brokenAt)));
  expect(await projected(world, neighbour)).toEqual(whole(length));
  return { id, neighbour, records };
}

async function publish(records: readonly LogRecord[]): Promise<void> {
  await world.store(records);
  await world.send(records);
  const last = records.at(-1);
  if (last !== undefined) await world.applied(last.partition, last.seq);
}

async function letterAt(partition: number): Promise<string> {
  const [letter, another] = await lettersAt(replica.address, partition);
  expect(another).toBeUndefined();
  return letter?.deadLetterId ?? '';
}

const one = (value: string) => ({ $case: 'deadLetterId' as const, value });

function repairAt(records: readonly LogRecord[], ...places: number[]): Promise<unknown> {
  return Promise.all(places.flatMap((n) => records[n] ?? []).map((r) => repair(world, r)));
}

/** The account takes part again. */
async function expectFlowing(partition: number, ids: string[], length: number): Promise<void> {
  const next = logRecord({
    partition,
    seq: world.nextSeq(partition),
    events: ids.map((id) => nextDeposit(id, length + 1)),
  });
  await publish([next]);
  for (const id of ids) expect(await projected(world, id)).toEqual(whole(length + 1));
}

test('one that is still broken stays and says so; put right it is applied, in order', async () => {
  const { id, neighbour, records } = await parked(0, 6, 2);
  const letter = await letterAt(0);
  const still = await retryLetters(replica.address, one(letter));
  expect(still).toMatchObject({ applied: 0n, failed: 1n });
  expect(still.firstFailed).toMatchObject([
    { deadLetterId: letter, retries: 1, cause: 'UNKNOWN_EVENT_TYPE', parkedAccountIds: [id] },
  ]);
  expect(still.firstFailed[0]?.payload).toHaveLength(0);
  await repairAt(records, 2);
  expect(await retryLetters(other.address, one(letter))).toMatchObject({ applied: 1n, failed: 0n });
  expect(await projected(world, id)).toEqual(whole(6));
  expect(await lettersAt(replica.address, 0)).toEqual([]);
  await expectFlowing(0, [id, neighbour], 6);
  expect(await faultOf(retryLetters(replica.address, one(letter)))).toMatchObject({
    code: status.NOT_FOUND,
    reason: 'DEAD_LETTER_NOT_FOUND',
  });
});

test('an account that meets the next fault behind it waits on for that one', async () => {
  const { id, neighbour, records } = await parked(1, 7, 2, 4);
  await repairAt(records, 2);
  const first = await letterAt(1);
  const answer = await retryLetters(replica.address, one(first));
  expect(answer).toMatchObject({ applied: 1n, failed: 1n });
  expect(answer.firstFailed).toMatchObject([{ seq: 5n, parkedAccountIds: [id], retries: 0 }]);
  expect(await projected(world, id)).toEqual(whole(4));
  await repairAt(records, 4);
  const rest = await retryLetters(replica.address, one(await letterAt(1)));
  expect(rest).toMatchObject({ applied: 1n, failed: 0n });
  expect(await projected(world, id)).toEqual(whole(7));
  await expectFlowing(1, [id, neighbour], 7);
});

test('one whose cause is another now has failed', async () => {
  const { id, records } = await parked(2, 4, 2);
  await repairAt(records, 2);
  const { projectionStore } = world.databases;
  await projectionStore.query(
    `insert into entries (account_id, version, type, recorded_at, amount_minor,
       balance_after_minor, currency_code, reference) values ($1, 3, 2, now(), 0, 0, 'EUR', '')`,
    [id],
  );
  const answer = await retryLetters(replica.address, one(await letterAt(2)));
  expect(answer).toMatchObject({ applied: 0n, failed: 1n });
  expect(answer.firstFailed).toMatchObject([
    { cause: 'INVARIANT_BROKEN', seq: 3n, parkedAccountIds: [id], retries: 1 },
  ]);
  await projectionStore.query('delete from entries where account_id = $1 and version = 3', [id]);
  await retryLetters(replica.address, one(await letterAt(2)));
  expect(await projected(world, id)).toEqual(whole(4));
});

test('all of a cause, and all', async () => {
  const some = [await parked(3, 4, 1), await parked(4, 4, 2)];
  const { ids, records } = accountsOf(world, 5, 2, 2);
  const [id = ''] = ids;
  const broken = logRecord({ partition: 5, seq: world.nextSeq(5), events: [nextDeposit(id, 3)] });
  await publish(records);
  const unread = withPayload(broken, NONSENSE);
  await world.store([unread], [id]);
  await world.send([unread]);
  await world.applied(5, 3n);
  for (const account of some) await repairAt(account.records, 0, 1, 2, 3);
  const ofCause = { $case: 'cause', value: 'UNKNOWN_EVENT_TYPE' } as const;
  expect(await retryLetters(replica.address, ofCause)).toMatchObject({ applied: 2n, failed: 0n });
  for (const account of some) expect(await projected(world, account.id)).toEqual(whole(4));
  expect(await projected(world, id)).toEqual(whole(2));
  const all = { $case: 'all', value: true } as const;
  expect(await retryLetters(replica.address, all)).toMatchObject({ applied: 0n, failed: 1n });
  await repair(world, broken);
  expect(await retryLetters(replica.address, all)).toMatchObject({ applied: 1n, failed: 0n });
  expect(await projected(world, id)).toEqual(whole(3));
  expect(await retryLetters(replica.address, all)).toMatchObject({ applied: 0n, failed: 0n });
});

test('one whose record is gone from the log fails, says so, and the next ones go on', async () => {
  const [lost, behind] = [await parked(8, 4, 1), await parked(9, 4, 1)];
  await repairAt(lost.records, 1);
  await repairAt(behind.records, 1);
  const { eventStore } = world.databases;
  await eventStore.query('update outbox set partition = 99 where partition = 8 and seq = 3');
  const all = { $case: 'all', value: true } as const;
  const answer = await retryLetters(replica.address, all);
  expect(answer).toMatchObject({ applied: 1n, failed: 1n });
  expect(answer.firstFailed).toMatchObject([{ partition: 8, seq: 2n, retries: 1 }]);
  expect(answer.firstFailed[0]?.message).toContain(
    'position 3 of partition 8 is not in the outbox',
  );
  expect(await projected(world, behind.id)).toEqual(whole(4));
  await eventStore.query('update outbox set partition = 8 where partition = 99');
  expect(await retryLetters(replica.address, all)).toMatchObject({ applied: 1n, failed: 0n });
  expect(await projected(world, lost.id)).toEqual(whole(4));
});

test('two replicas that retry the same: each record is applied once', async () => {
  const length = RETRY.recordsMax + 30;
  const { id, neighbour, records } = await parked(6, length, 1);
  await repairAt(records, 1);
  const letter = await letterAt(6);
  const both = await Promise.allSettled(
    [replica, other].map(({ address }) => retryLetters(address, one(letter))),
  );
  expect(both.map((result) => result.status)).toContain('fulfilled');
  expect(await projected(world, id)).toEqual(whole(length));
  expect(await lettersAt(replica.address, 6)).toEqual([]);
  await expectFlowing(6, [id, neighbour], length);
  expect([...replica.failures, ...other.failures]).toEqual([]);
});

test('who has read the parked accounts before a retry reads them again', async () => {
  const { id, neighbour, records } = await parked(7, 3, 1);
  const stepper = openStepper(world);
  const lane = newLane(7);
  lane.head = await readProjectedHead(stepper.reading, 7);
  expect([...lane.head.parked]).toEqual([id]);
  await repairAt(records, 1);
  await retryLetters(replica.address, one(await letterAt(7)));
  const next = logRecord({
    partition: 7,
    seq: world.nextSeq(7),
    events: [nextDeposit(id, 4), nextDeposit(neighbour, 4)],
  });
  addRecords(lane, [next], 0);
  await expect(stepLane(stepper, lane)).rejects.toBeInstanceOf(HeadMoved);
  lane.head = undefined;
  await world.store([next]);
  await stepLane(stepper, lane);
  for (const account of [id, neighbour]) expect(await projected(world, account)).toEqual(whole(4));
  await stepper.close();
});

describe('refuses', () => {
  test.each([
    ['no selection', undefined, 'selection'],
    ['all set to false', { $case: 'all', value: false } as const, 'selection'],
    ['what is no UUID', one('7'), 'dead_letter_id'],
    ['what is no cause', { $case: 'cause', value: 'x' } as const, 'cause'],
  ])('%s', async (_, selection, field) => {
    const fault = await faultOf(retryLetters(replica.address, selection));
    expect(fault.code).toBe(status.INVALID_ARGUMENT);
    expect(fault.message).toContain(field);
  });

  test('what it does not know', async () => {
    const fault = await faultOf(retryLetters(replica.address, one(randomUUID())));
    expect(fault.reason).toBe('DEAD_LETTER_NOT_FOUND');
  });
});
