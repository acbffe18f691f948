/**
 * A rebuild beside the live projection: the same rows from the log alone, under commands from any
 * replica, through stops, deaths and records that cannot be applied.
 */
import { status } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callFault } from '#client/call-fault.ts';
import { RebuildState } from '#proto/bank/v1/projector_service.ts';
import { until } from '#test/support/until.ts';
import { atWork } from './backend-at-work.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';
import { rebuildCalls, type RebuildCalls } from './rebuild-calls.ts';
import { rowsOf, shapesOf, tablesIn } from './rebuilt-tables.ts';
import { livesOfEveryKind, plainSteps, storeAndProject, storedLife } from './stored-lives.ts';
import { submission } from './submission-fixture.ts';

const { REBUILD_STATE_CAUGHT_UP, REBUILD_STATE_FAILED } = RebuildState;
const { REBUILD_STATE_STOPPED, REBUILD_STATE_DROPPED } = RebuildState;

let world: World;
let replica: Replica;
let calls: RebuildCalls;
const opened: RebuildCalls[] = [];

beforeEach(async () => {
  world = await openWorld();
  replica = await world.startReplica('a');
  calls = callsOf(replica);
});
afterEach(async () => {
  for (const one of opened.splice(0)) one.close();
  await world.close();
});

function callsOf({ address }: Replica): RebuildCalls {
  const made = rebuildCalls(address);
  opened.push(made);
  return made;
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { code, reason } = callFault(error);
    return `${status[code]} ${reason}`;
  }
  return 'OK';
}

test('holds the same rows as the live tables, of every kind of event, and follows', async () => {
  await storeAndProject(world, livesOfEveryKind(world, 12));
  const paid = submission(world, { partitions: [1, 4, 6], batches: 12, itemsPerBatch: 5 });
  await storeRecords([...paid.batches, paid.closing]);
  const { projectionStore } = world.databases;

  const rebuild = await calls.caughtUp();
  expect(rebuild).toMatchObject({ differences: 0n, message: '', firstDifferences: [] });
  const live = await rowsOf(projectionStore, 'public');
  for (const [table, rows] of Object.entries(live)) {
    expect(rows.length, `no row in ${table} is no test of it`).toBeGreaterThan(
      table === 'open_holds' ? -1 : 0,
    );
  }
  expect(await rowsOf(projectionStore, 'rebuild')).toEqual(live);
  expect(await shapesOf(projectionStore, 'rebuild')).toEqual(
    await shapesOf(projectionStore, 'public'),
  );

  await storeAndProject(world, livesOfEveryKind(world, 3));
  await level();
  expect(await rowsOf(projectionStore, 'rebuild')).toEqual(await rowsOf(projectionStore, 'public'));
  expect(await calls.start()).toMatchObject({ rebuildId: rebuild.rebuildId });
  await calls.drop(rebuild.rebuildId);
  expect(await tablesIn(projectionStore, 'rebuild')).toEqual([]);
});

test('begins over tables that no rebuild is of, as a restore may leave them', async () => {
  const { projectionStore } = world.databases;
  await projectionStore.query('create table rebuild.balances (left_over int)');
  await projectionStore.query('create table previous.entries (left_over int)');
  await storeAndProject(world, livesOfEveryKind(world, 3));
  expect(await calls.caughtUp()).toMatchObject({ differences: 0n });
  expect(await tablesIn(projectionStore, 'previous')).toEqual([]);
});

test('is stopped from another replica, keeps what it has, and goes on there', async () => {
  const other = callsOf(await world.startReplica('b'));
  const { projectionStore } = world.databases;
  const { rebuildId } = await calls.caughtUp();
  const lives = livesOfEveryKind(world, 40);
  const held = lives[0]?.records[0]?.partition ?? 0;
  // One partition is held, so that the fill stands in its midst.
  const hold = `select pg_sleep(300) from
    (select from rebuild.projected_heads where partition = ${held} for update) held`;
  const release = await atWork(projectionStore, hold);
  await storeAndProject(world, lives);
  const rebuilt = async (): Promise<Map<number, bigint>> => {
    const { rows } = await projectionStore.query<{ partition: number; seq: bigint }>(
      'select partition, seq from rebuild.projected_heads',
    );
    return new Map(rows.map(({ partition, seq }) => [partition, seq]));
  };
  const lengths = Map.groupBy(
    lives.flatMap(({ records }) => records),
    (one) => one.partition,
  );
  await until('all but the held one', async () => {
    const heads = await rebuilt();
    return [...lengths].every(([partition, records]) => {
      return partition === held || heads.get(partition) === BigInt(records.length);
    });
  });
  const stopped = await other.stop(rebuildId);
  expect(stopped.state).toBe(REBUILD_STATE_STOPPED);
  const before = await rebuilt();
  expect(before.get(held)).toBe(0n);
  await release();

  await storeAndProject(world, livesOfEveryKind(world, 4));
  expect(await rebuilt()).toEqual(before);
  expect((await other.start()).rebuildId).toBe(rebuildId);
  await other.reaches(REBUILD_STATE_CAUGHT_UP);
  expect(await rowsOf(projectionStore, 'rebuild')).toEqual(await rowsOf(projectionStore, 'public'));
  await until('its progress is known', async () => {
    const { events, eventsTotal } = await calls.get();
    return events > 0n && events === eventsTotal;
  });
});

test('counts as stopped when its replica has ended, and another goes on', async () => {
  const survivor = callsOf(await world.startReplica('b'));
  await storeAndProject(world, livesOfEveryKind(world, 5));
  const { rebuildId } = await calls.caughtUp();
  await replica.stop();
  await until('it is seen', async () => {
    return (await survivor.get()).state === REBUILD_STATE_STOPPED;
  });
  await storeAndProject(world, livesOfEveryKind(world, 5));
  expect(await survivor.caughtUp()).toMatchObject({ rebuildId, differences: 0n });
});

test('fails with the reason at a record that cannot be applied, goes on when it can', async () => {
  const life = storedLife(world, plainSteps(6), 1);
  await storeAndProject(world, [life]);
  const { eventStore } = world.databases;
  const [, , third] = life.records;
  const plant = (payload: Buffer): Promise<unknown> =>
    eventStore.query('update outbox set payload = $1 where batch_id = $2', [
      payload,
      third?.batchId,
    ]);
  await plant(Buffer.from('nonsense'));
  await calls.start();
  const failed = await calls.reaches(REBUILD_STATE_FAILED);
  expect(failed.message).toContain(`record ${third?.seq} of partition ${third?.partition}`);
  const refused = 'FAILED_PRECONDITION REBUILD_NOT_CAUGHT_UP';
  expect(await reasonOf(calls.swap(failed.rebuildId))).toBe(refused);
  await plant(third?.payload ?? Buffer.alloc(0));
  expect(await calls.caughtUp()).toMatchObject({ rebuildId: failed.rebuildId, differences: 0n });
});

test('goes on through a restart of its connections', async () => {
  const { projectionStore, eventStore } = world.databases;
  await storeAndProject(world, livesOfEveryKind(world, 5));
  const { rebuildId } = await calls.caughtUp();
  const endAll = `select pg_terminate_backend(pid) from pg_stat_activity
                   where application_name like '%-rebuild%' and datname = current_database()`;
  await Promise.all([projectionStore.query(endAll), eventStore.query(endAll)]);
  await storeAndProject(world, livesOfEveryKind(world, 5));
  // The lock is taken again at the next look at the progress; it runs meanwhile.
  expect(await calls.start()).toMatchObject({ rebuildId });
  await level();
  expect(await calls.reaches(REBUILD_STATE_CAUGHT_UP)).toMatchObject({ rebuildId });
  expect(await rowsOf(projectionStore, 'rebuild')).toEqual(await rowsOf(projectionStore, 'public'));
});

test("one that could not begin is nobody's, and begins at the next call", async () => {
  await storeAndProject(world, livesOfEveryKind(world, 2));
  const { projectionStore } = world.databases;
  const { rebuildId } = await calls.caughtUp();
  await calls.stop(rebuildId);
  const hold = 'select pg_sleep(300) from (select from rebuilds for update) held';
  const release = await atWork(projectionStore, hold);
  const starting = reasonOf(calls.start());
  const endWaiting = `select pg_terminate_backend(pid) from pg_stat_activity
                       where wait_event_type = 'Lock' and query like '%update rebuilds%'
                         and pid <> pg_backend_pid() and datname = current_database()`;
  await until('it waits and is ended', async () => {
    return (await projectionStore.query(endWaiting)).rowCount === 1;
  });
  expect(await starting).toBe('UNAVAILABLE PROJECTION_UNAVAILABLE');
  await release();
  await calls.start();
  await calls.reaches(REBUILD_STATE_CAUGHT_UP);
  expect(await calls.drop(rebuildId)).toMatchObject({ state: REBUILD_STATE_DROPPED });
});

test('asked twice at once, a replica begins one run, which can be stopped', async () => {
  await storeAndProject(world, livesOfEveryKind(world, 5));
  const [{ rebuildId }] = await Promise.all([calls.start(), calls.start()]);
  await calls.reaches(REBUILD_STATE_CAUGHT_UP);
  expect(await calls.stop(rebuildId)).toMatchObject({ state: REBUILD_STATE_STOPPED });
  await Promise.all([calls.start(), calls.start(), calls.start()]);
  await calls.reaches(REBUILD_STATE_CAUGHT_UP);
  expect(await calls.drop(rebuildId)).toMatchObject({ state: REBUILD_STATE_DROPPED });
});

test('refuses what cannot be', async () => {
  expect(await reasonOf(calls.get())).toBe('NOT_FOUND REBUILD_NOT_FOUND');
  expect(await reasonOf(calls.stop(randomUUID()))).toBe('NOT_FOUND REBUILD_NOT_FOUND');
  expect(await reasonOf(calls.swap(randomUUID()))).toBe('NOT_FOUND REBUILD_NOT_FOUND');
  expect(await reasonOf(calls.drop(randomUUID()))).toBe('NOT_FOUND REBUILD_NOT_FOUND');
  expect(await reasonOf(calls.drop('one'))).toBe('INVALID_ARGUMENT ');
  const { rebuildId } = await calls.caughtUp();
  await calls.stop(rebuildId);
  const refused = 'FAILED_PRECONDITION REBUILD_NOT_CAUGHT_UP';
  expect(await reasonOf(calls.swap(rebuildId))).toBe(refused);
  for (let time = 0; time < 2; time++) {
    expect((await calls.drop(rebuildId)).state).toBe(REBUILD_STATE_DROPPED);
  }
  expect(await reasonOf(calls.swap(rebuildId))).toBe(refused);
  const next = await calls.caughtUp();
  expect(next.rebuildId).not.toBe(rebuildId);
});

async function storeRecords(records: Parameters<World['store']>[0]): Promise<void> {
  await world.store(records);
  await world.send(records);
  for (const { partition, seq } of records) await world.applied(partition, seq);
}

/** Waits until every partition of the rebuild is where the live one is. */
async function level(): Promise<void> {
  await until('the rebuild is level', async () => {
    const { rows } = await world.databases.projectionStore.query(
      `select from public.projected_heads l join rebuild.projected_heads r using (partition)
        where r.seq < l.seq`,
    );
    return rows.length === 0;
  });
}
