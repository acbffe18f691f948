/** Several projectors on one log: partitions move between them, and they meet at the same holes. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { until } from '#test/support/until.ts';
import { HeadMoved } from '../../../projector-svc/commit-rows.ts';
import { stepLane } from '../../../projector-svc/lane-step.ts';
import { addRecords, newLane } from '../../../projector-svc/partition-lane.ts';
import { createSessionLocks, LOCK_CLASS } from '../../../projector-svc/session-locks.ts';
import { expectProjected, history } from './account-history.ts';
import { openStepper } from './lane-stepper.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';

let world: World;

describe('several replicas', () => {
  beforeEach(async () => {
    world = await openWorld();
  });
  afterEach(() => world.close());

  test('partitions move as replicas join and leave, and nothing is filled', async () => {
    const accounts = Array.from({ length: 16 }, (_, partition) => history(partition, 40));
    const sendSome = async (from: number, to: number): Promise<void> => {
      for (const { records } of accounts) {
        await world.store(records.slice(from, to));
        await world.send(records.slice(from, to));
      }
    };
    const first = await world.startReplica();
    await sendSome(0, 10);
    const second = await world.startReplica();
    await sendSome(10, 20);
    const third = await world.startReplica();
    await sendSome(20, 30);
    await second.stop();
    await sendSome(30, 40);
    for (const [partition] of accounts.entries()) await world.applied(partition, 40n, 40_000);
    for (const { accountId } of accounts) await expectProjected(world.databases, accountId, 40);
    expect(await world.filled()).toBe(0n);
    expect([...first.failures, ...second.failures, ...third.failures]).toEqual([]);
  });

  test('two replicas on one hole: both fill it, each position is applied once', async () => {
    const { accountId, records } = history(9, 30);
    await world.store(records);
    const { projectionStore } = world.databases;
    const holder = await projectionStore.connect();
    await holder.query('begin');
    await holder.query('select from projected_heads where partition = 9 for update');
    const steppers = [openStepper(world), openStepper(world)];
    const lanes = steppers.map(() => newLane(9));
    const steps = steppers.map(async (ctx, i) => {
      const lane = lanes[i] ?? newLane(9);
      addRecords(lane, records.slice(29), 0);
      await stepLane(ctx, lane);
      return lane.head?.seq;
    });
    const settled = Promise.allSettled(steps);
    await until('both wait for the head', async () => {
      const { rowCount } = await projectionStore.query(
        `select from pg_stat_activity
          where wait_event_type = 'Lock' and datname = current_database()`,
      );
      return rowCount === 2;
    });
    await holder.query('commit');
    holder.release();
    const results = await settled;
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const loser = results.find((result) => result.status === 'rejected');
    expect(loser?.reason).toBeInstanceOf(HeadMoved);
    expect(await world.filled()).toBe(29n);
    // The loser reads the head again and goes on behind it.
    for (const [i, ctx] of steppers.entries()) {
      const lane = lanes[i] ?? newLane(9);
      lane.head = undefined;
      await stepLane(ctx, lane);
    }
    await expectProjected(world.databases, accountId, 30);
    await Promise.all(steppers.map((stepper) => stepper.close()));
  });

  test('one replica at a time fills a lost tail', async () => {
    const locks = ['a', 'b'].map((name) =>
      createSessionLocks({
        url: world.databases.projectionStoreUrl('bank_projector'),
        applicationName: name,
        lockClass: LOCK_CLASS.fill,
        log: silentLogger,
      }),
    );
    const [a, b] = locks;
    expect(await a?.tryLock(3)).toBe(true);
    expect(await b?.tryLock(3)).toBe(false);
    expect(await b?.tryLock(4)).toBe(true);
    await a?.unlock(3);
    expect(await b?.tryLock(3)).toBe(true);
    await Promise.all(locks.map((lock) => lock.close()));
  });
});

describe('one partition, each of its own,', () => {
  let replica: Replica;
  beforeAll(async () => {
    world = await openWorld();
    replica = await world.startReplica();
  });
  afterAll(() => world.close());

  test('a partition stops with an alarm when the event store is an older copy', async () => {
    const { accountId, records } = history(0, 5);
    const other = history(1, 5);
    await world.store([...records, ...other.records.slice(0, 3)]);
    await world.send([...records, ...other.records.slice(0, 3)]);
    await world.applied(0, 5n);
    await world.applied(1, 3n);
    const { eventStore } = world.databases;
    await eventStore.query('update partition_heads set seq = 4 where partition = 0');
    await eventStore.query('delete from outbox where partition = 0 and seq = 5');
    await until('the alarm', () => replica.logged('the projection is at 5, the event store at 4'));
    await world.store(other.records.slice(3));
    await world.send(other.records.slice(3));
    await world.applied(1, 5n);
    await expectProjected(world.databases, accountId, 5);
    expect(replica.failures).toEqual([]);
  });

  test('another batch at its own position is an alarm that names both', async () => {
    const { records } = history(2, 3);
    const [, , last] = records;
    await world.store(records);
    await world.send(records);
    await world.applied(2, 3n);
    await world.databases.eventStore.query(
      `update outbox set batch_id = '00000000-0000-4000-8000-000000000001'
        where partition = 2 and seq = 3`,
    );
    const both = `the projection applied batch ${last?.batchId}, the event store holds 00000000`;
    await until('the alarm', () => replica.logged(both));
  });

  test('an owner of a head that was stopped in its transaction is ended', async () => {
    const { accountId, records } = history(5, 4);
    await world.store(records);
    const owner = new pg.Client(world.databases.projectionStoreUrl('bank_projector'));
    let ended = false;
    owner.on('error', () => (ended = true));
    await owner.connect();
    // No time-out reaches a backend that is in the middle of a COPY; here it is off.
    await owner.query('set idle_in_transaction_session_timeout = 0');
    await owner.query('begin');
    await owner.query('select from projected_heads where partition = 5 for update');
    await world.send(records);
    await world.applied(5, 4n);
    expect(ended).toBe(true);
    expect(replica.logged('Ended a stopped owner')).toBe(true);
    await expectProjected(world.databases, accountId, 4);
  });
});
