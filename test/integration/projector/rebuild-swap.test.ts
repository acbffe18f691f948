/**
 * A rebuild takes the place of the live projection while all goes on: records come, readers read,
 * streams of acknowledgements tell. What differs is named, and a partition that had stopped goes
 * on.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dumpSchema } from '#platform/migrate.ts';
import { RebuildState } from '#proto/bank/v1/projector_service.ts';
import { until } from '#test/support/until.ts';
import { deposited, logRecord } from '../../unit/projector/record-fixtures.ts';
import { expectProjected, history } from './account-history.ts';
import { readAcknowledgements, storyProblems } from './acknowledgement-client.ts';
import { atWork } from './backend-at-work.ts';
import { startReaders } from './live-readers.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';
import { faultOf, rebuildCalls, type RebuildCalls } from './rebuild-calls.ts';
import { rowsOf, tablesIn } from './rebuilt-tables.ts';
import { livesOfEveryKind, storeAndProject } from './stored-lives.ts';
import { submission } from './submission-fixture.ts';

const { REBUILD_STATE_SWAPPED, REBUILD_STATE_DROPPED } = RebuildState;

let world: World;
let replica: Replica;
let calls: RebuildCalls;
beforeEach(async () => {
  world = await openWorld();
  replica = await world.startReplica('a');
  calls = rebuildCalls(replica.address);
});
afterEach(async () => {
  calls.close();
  await world.close();
});

/** Deposits of 10 to one account, a record each, behind the version that it has. */
async function deposits(
  partition: number,
  accountId: string,
  version: bigint,
  count: number,
): Promise<void> {
  const records = Array.from({ length: count }, (_, n) => {
    const at = version + BigInt(n) + 1n;
    const event = deposited({ accountId, version: at, amount: 10n, balance: 10n * (at - 1n) });
    return logRecord({ partition, seq: at, events: [event] });
  });
  await world.store(records);
  await world.send(records);
}

describe('a swap', () => {
  test('beside writers, readers and open streams on two replicas', async () => {
    const other = await world.startReplica('b');
    const { projectionStore } = world.databases;
    const schema = await dumpSchema(projectionStore);
    const accounts = Array.from({ length: 8 }, (_, n) => history(n, 5));
    const first = accounts.flatMap(({ records }) => records);
    await world.store(first);
    await world.send(first);
    for (const [partition] of accounts.entries()) await world.applied(partition, 5n);
    const paid = submission(world, { partitions: [10, 11, 12], batches: 60, itemsPerBatch: 4 });
    const streams = [replica, other].map(({ address }) =>
      readAcknowledgements(address, { submissionId: paid.id }),
    );
    const publish = async (records: typeof paid.batches): Promise<void> => {
      await world.store(records);
      await world.send(records);
    };
    await publish(paid.batches.slice(0, 20));
    const ids = accounts.map(({ accountId }) => accountId);
    const readers = startReaders(world, ids);
    let version = 5n;
    const stopping = new AbortController();
    const writer = (async () => {
      while (!stopping.signal.aborted) {
        for (const [partition, { accountId }] of accounts.entries()) {
          await deposits(partition, accountId, version, 3);
        }
        version += 3n;
      }
    })();

    const { rebuildId } = await calls.caughtUp();
    await publish(paid.batches.slice(20, 40));
    const readsBefore = readers.reads();
    expect(await calls.swap(rebuildId)).toMatchObject({
      state: REBUILD_STATE_SWAPPED,
      differences: 0n,
    });
    expect(await calls.swap(rebuildId)).toMatchObject({ state: REBUILD_STATE_SWAPPED });
    await publish([...paid.batches.slice(40), paid.closing]);
    await until('readers go on', () => readers.reads() > readsBefore + 50);
    stopping.abort();
    await writer;
    for (const { ended, messages } of streams) {
      expect((await ended).code).toBe(0);
      expect(storyProblems(messages, paid.accepted)).toEqual([]);
    }
    for (const [partition, { accountId }] of accounts.entries()) {
      await world.applied(partition, version);
      await expectProjected(world.databases, accountId, Number(version));
    }
    expect(await readers.stop()).toEqual([]);
    expect([...replica.failures, ...other.failures]).toEqual([]);
    expect(replica.logged('ALARM')).toBe(false);
    expect(await world.filled()).toBe(0n);

    expect(await tablesIn(projectionStore, 'previous')).toContain('balances');
    expect(await faultOf(calls.start())).toMatch(/^REBUILD_NOT_DROPPED/);
    expect((await calls.drop(rebuildId)).state).toBe(REBUILD_STATE_DROPPED);
    expect(await tablesIn(projectionStore, 'previous')).toEqual([]);
    expect(await tablesIn(projectionStore, 'rebuild')).toEqual([]);
    expect(await dumpSchema(projectionStore)).toBe(schema);
    expect(await calls.caughtUp()).toMatchObject({ differences: 0n });
  });

  test('gives way to a reader that holds the tables, and is to be tried again', async () => {
    await storeAndProject(world, livesOfEveryKind(world, 2));
    const { rebuildId } = await calls.caughtUp();
    const { projectionStore } = world.databases;
    const release = await atWork(
      projectionStore,
      'select pg_sleep(300) from (select from entries limit 1) one',
    );
    expect(await faultOf(calls.swap(rebuildId))).toMatch(/^PROJECTION_UNAVAILABLE/);
    await release();
    const before = await rowsOf(projectionStore, 'public');
    expect((await calls.swap(rebuildId)).state).toBe(REBUILD_STATE_SWAPPED);
    expect(await rowsOf(projectionStore, 'public')).toEqual(before);
  });

  test('is refused while rows differ, names them, and mends them when it is told to', async () => {
    const lives = livesOfEveryKind(world, 6);
    await storeAndProject(world, lives);
    const { projectionStore } = world.databases;
    const right = await rowsOf(projectionStore, 'public');
    const ids = lives.map(({ accountId }) => accountId);
    const break1 = 'update balances set balance_minor = balance_minor + 1 where account_id = $1';
    await projectionStore.query(break1, [ids[0]]);
    await projectionStore.query('delete from entries where account_id = $1 and version = 4', [
      ids[1],
    ]);
    await projectionStore.query('update entries set amount_minor = 7 where account_id = $1', [
      ids[2],
    ]);
    await projectionStore.query('delete from entry_links where account_id = $1', [ids[3]]);
    await projectionStore.query(
      `insert into balances select gen_random_uuid(), b.tenant, b.version, b.currency_code,
         b.balance_minor, b.held_minor, b.overdraft_limit_minor, b.status, b.debits_frozen,
         b.credits_frozen, b.owner, b.labels, b.opened_at, b.updated_at, b.projected_at
         from balances b where account_id = $1`,
      [ids[4]],
    );
    await projectionStore.query('delete from balances where account_id = $1', [ids[5]]);

    const { rebuildId, firstDifferences } = await calls.caughtUp();
    const kindsOf = (found: typeof firstDifferences): Set<string> =>
      new Set(found.map(({ kind }) => kind));
    expect(kindsOf(firstDifferences)).toEqual(
      new Set(['ENTRY_MISSING', 'ENTRY_DIFFERS', 'ENTRY_LINK_MISSING']),
    );
    expect(await faultOf(calls.swap(rebuildId))).toMatch(
      /^REBUILD_DIFFERS \d+ rows differ .*StopRebuild/,
    );
    const refused = await calls.get();
    expect(kindsOf(refused.firstDifferences)).toEqual(
      new Set([
        'ACCOUNT_EXTRA',
        'ACCOUNT_MISSING',
        'BALANCE_DIFFERS',
        'ENTRY_MISSING',
        'ENTRY_DIFFERS',
        'ENTRY_LINK_MISSING',
      ]),
    );
    const wrong = refused.firstDifferences.find(({ kind }) => kind === 'BALANCE_DIFFERS');
    expect(wrong?.accountId).toBe(ids[0]);
    expect(wrong?.expected).toContain('balance_minor 0 ');
    expect(wrong?.found).toContain('balance_minor 1 ');
    expect(refused.differences).toBe(BigInt(refused.firstDifferences.length));

    const swapped = await calls.swap(rebuildId, true);
    expect(swapped).toMatchObject({
      state: REBUILD_STATE_SWAPPED,
      differences: refused.differences,
    });
    expect(await rowsOf(projectionStore, 'public')).toEqual(right);
  });

  test('replaces what was told of submissions only where that differs', async () => {
    const { projectionStore } = world.databases;
    const paid = submission(world, { partitions: [2], batches: 6, itemsPerBatch: 3 });
    const records = [...paid.batches, paid.closing];
    await world.store(records);
    await world.send(records);
    for (const [partition, seq] of paid.heads) await world.applied(partition, seq);
    const told = async (): Promise<unknown> =>
      (await projectionStore.query('select * from acknowledgements order by seq')).rows;
    const before = await told();
    const first = await calls.caughtUp();
    await calls.swap(first.rebuildId);
    expect(await told()).toEqual(before);
    await calls.drop(first.rebuildId);

    await projectionStore.query('delete from acknowledgements where seq = 3');
    const { rebuildId } = await calls.caughtUp();
    expect(await faultOf(calls.swap(rebuildId))).toMatch(/ACKNOWLEDGEMENT_DIFFERS/);
    await calls.swap(rebuildId, true);
    const reading = readAcknowledgements(replica.address, { submissionId: paid.id });
    expect((await reading.ended).code).toBe(0);
    expect(storyProblems(reading.messages, paid.accepted)).toEqual([]);
  });
});

test('a partition that stopped at an older copy of the event store goes on after it', async () => {
  const { accountId, records } = history(0, 5);
  const other = history(1, 5);
  const { eventStore, projectionStore } = world.databases;
  await world.store([...records, ...other.records]);
  await world.send([...records, ...other.records]);
  await world.applied(0, 5n);
  await world.applied(1, 5n);
  await eventStore.query('update partition_heads set seq = 3 where partition = 0');
  await eventStore.query('delete from outbox where partition = 0 and seq > 3');
  await until('the alarm', () => replica.logged('the projection is at 5, the event store at 3'));

  const { rebuildId } = await calls.caughtUp();
  expect(await faultOf(calls.swap(rebuildId))).toMatch(/^REBUILD_DIFFERS .*VERSION_DIFFERS/);
  await calls.swap(rebuildId, true);
  expect(await world.appliedSeq(0)).toBe(3n);
  // The log goes on where the copy ended, with other batches than those that were lost.
  await deposits(0, accountId, 3n, 4);
  await world.applied(0, 7n);
  await expectProjected(world.databases, accountId, 7);
  await expectProjected(world.databases, other.accountId, 5);
  const { rows } = await projectionStore.query('select from entries where account_id = $1', [
    accountId,
  ]);
  expect(rows).toHaveLength(7);
  await until('health says so', () => replica.logged('Health says SERVING again.'));
  expect(replica.failures).toEqual([]);
});
