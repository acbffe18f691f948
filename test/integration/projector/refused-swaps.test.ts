/**
 * A swap that cannot be done is refused with what is in its way, or is to be tried again: never a
 * failure that nobody can read. Comparing whole tables has more time than other statements.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPool, sqlStateOf } from '#platform/postgres.ts';
import { RebuildState } from '#proto/bank/v1/projector_service.ts';
import { until } from '#test/support/until.ts';
import { diffStates } from '../../../projector-svc/sql/diff-rebuilt.ts';
import { history } from './account-history.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';
import { faultOf, rebuildCalls } from './rebuild-calls.ts';
import { livesOfEveryKind, storeAndProject } from './stored-lives.ts';

let world: World;
let replica: Replica;
beforeEach(async () => {
  world = await openWorld();
  replica = await world.startReplica('a');
});
afterEach(() => world.close());

/** Answers what ends it; in a transaction of the owner's. */
async function holdTable(name: string): Promise<() => Promise<void>> {
  const client = await world.databases.projectionStore.connect();
  await client.query('begin');
  await client.query(`lock table ${name} in access exclusive mode`);
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

test('one whose statement is cancelled is to be tried again', async () => {
  await storeAndProject(world, livesOfEveryKind(world, 2));
  const calls = rebuildCalls(replica.address);
  const { rebuildId } = await calls.caughtUp();
  const release = await holdTable('public.balances');
  const swapping = faultOf(calls.swap(rebuildId));
  const cancel = `select pg_cancel_backend(pid) from pg_stat_activity
                   where wait_event_type = 'Lock' and query like 'lock table%'
                     and datname = current_database()`;
  await until('it waits and is cancelled', async () => {
    return ((await world.databases.projectionStore.query(cancel)).rowCount ?? 0) > 0;
  });
  expect(await swapping).toMatch(/^PROJECTION_UNAVAILABLE/);
  await release();
  expect((await calls.swap(rebuildId)).state).toBe(RebuildState.REBUILD_STATE_SWAPPED);
  calls.close();
});

test('the comparison under the locks has a time of its own', async () => {
  const calls = rebuildCalls(replica.address);
  await calls.caughtUp();
  calls.close();
  const { projectionStore, projectionStoreUrl } = world.databases;
  const [url, applicationName] = [projectionStoreUrl('bank_projector'), 'comparing'];
  const pool = createPool({ url, applicationName, maxConnections: 1, statementTimeoutMs: 500 });
  const client = await pool.connect();
  const release = await holdTable('public.closed_submissions');
  await client.query('begin');
  const comparing = diffStates(client, 1);
  const waiting = `select from pg_stat_activity
                    where application_name = $1 and wait_event_type = 'Lock'
                      and clock_timestamp() - query_start > interval '1 second'`;
  await until('it waits for longer than a statement may', async () => {
    return (await projectionStore.query(waiting, [applicationName])).rowCount === 1;
  });
  await release();
  expect((await comparing).ofSubmissions.count).toBe(0n);
  const late = await client.query('select pg_sleep(2)').catch(sqlStateOf);
  expect(late, 'what follows has the usual time again').toBe('57014');
  client.release(true);
  await pool.end();
});

test('what the rebuild meets on its last way is told as it is', async () => {
  const { eventStore } = world.databases;
  const { records } = history(0, 5);
  await world.store(records.slice(0, 4));
  await world.send(records.slice(0, 4));
  await world.applied(0, 4n);
  const first = rebuildCalls(replica.address);
  const { rebuildId } = await first.caughtUp();
  first.close();
  // Nobody follows the live projection any more: the swap is the first to meet what comes.
  await replica.stop();
  const calls = rebuildCalls((await world.startReplica('b')).address);
  await world.store(records.slice(4));
  await world.send(records.slice(4));
  await world.applied(0, 5n);
  const refusal = (): Promise<string> => faultOf(calls.swap(rebuildId));

  await eventStore.query(`update outbox set payload = 'nonsense' where seq = 5`);
  expect(await refusal()).toMatch(/^REBUILD_NOT_CAUGHT_UP .*record 5 .*\(UNDECODABLE/);
  await eventStore.query('delete from outbox where seq = 5');
  expect(await refusal()).toMatch(/^REBUILD_NOT_CAUGHT_UP .*position 5 .* is not in the outbox/);
  await eventStore.query('update outbox set batch_id = gen_random_uuid() where seq = 4');
  expect(await refusal()).toMatch(/^REBUILD_NOT_CAUGHT_UP .*DropRebuild.*another event store/);
  calls.close();
});
