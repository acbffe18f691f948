/**
 * The projection goes by position: what comes twice is skipped, what is missing is filled from the
 * outbox, and whatever Kafka does, in the end the projection holds each record once.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyProjection } from '#test/support/emptied-projection.ts';
import { deposited, logRecord } from '../../unit/projector/record-fixtures.ts';
import { expectProjected, history } from './account-history.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';

let world: World;
let replica: Replica;
beforeAll(async () => {
  world = await openWorld();
  replica = await world.startReplica();
});
afterAll(() => world.close());

async function withOwnWorld(run: (own: World) => Promise<void>): Promise<void> {
  const own = await openWorld();
  try {
    await run(own);
  } finally {
    await own.close();
  }
}

const at = <T>(list: readonly T[], ...places: number[]): T[] =>
  places.map((place) => list[place]).filter((item) => item !== undefined);

test('applies what comes in order, filling nothing', async () => {
  const { accountId, records } = history(3, 20);
  await world.store(records);
  await world.send(records);
  await world.applied(3, 20n);
  await expectProjected(world.databases, accountId, 20);
  expect(await world.filled(3)).toBe(0n);
});

test('skips what comes again: a record, a batch twice, older ones after newer ones', async () => {
  const { accountId, records } = history(0, 10);
  await world.store(records);
  await world.send([...records.slice(0, 6), ...records.slice(0, 6), ...at(records, 5, 2, 3, 4, 5)]);
  await world.send([...at(records, 6), ...records]);
  await world.applied(0, 10n);
  await expectProjected(world.databases, accountId, 10);
  expect(await world.filled(0)).toBe(0n);
});

test('fills a hole from the outbox, in order', async () => {
  const { accountId, records } = history(1, 12);
  await world.store(records);
  await world.send([...at(records, 0, 1, 5, 6, 7), ...at(records, 11)]);
  await world.applied(1, 12n);
  await expectProjected(world.databases, accountId, 12);
  expect(await world.filled(1)).toBe(6n);
});

test('fills a lost tail when nobody has moved the head for a while, and only then', async () => {
  const { accountId, records } = history(2, 8);
  await world.store(records);
  await world.send(records.slice(0, 5));
  await world.applied(2, 5n);
  expect(await world.filled(2)).toBe(0n);
  await world.applied(2, 8n);
  await expectProjected(world.databases, accountId, 8);
  expect(await world.filled(2)).toBe(3n);
  expect(replica.logged('the outbox feeds it')).toBe(true);
});

test('reads a record that cannot be decoded again from the outbox', async () => {
  const { accountId, records } = history(4, 3);
  await world.store(records);
  const broken = records.map((record, i) =>
    i === 1 ? { ...record, payload: Buffer.from([0x22, 0x7f, 0x01]) } : record,
  );
  await world.send(broken);
  await world.applied(4, 3n);
  await expectProjected(world.databases, accountId, 3);
  expect(await world.filled(4)).toBe(1n);
  expect(replica.failures).toEqual([]);
});

test('loses nothing when offsets are lost, ahead of what is applied', () =>
  withOwnWorld(async (own) => {
    const { accountId, records } = history(6, 10);
    await own.store(records);
    await own.send(records);
    const admin = own.kafka.admin();
    await admin.connect();
    const partitions = [{ partition: 6, offset: '7' }];
    await admin.setOffsets({ groupId: own.group, topic: own.topic, partitions });
    await admin.disconnect();
    await own.startReplica();
    await own.applied(6, 10n);
    await expectProjected(own.databases, accountId, 10);
    expect(await own.filled()).toBe(7n);
  }));

test('starts at the earliest record when the group has no offsets', () =>
  withOwnWorld(async (own) => {
    const { accountId, records } = history(6, 10);
    await own.store(records);
    await own.send(records);
    const first = await own.startReplica();
    await own.applied(6, 10n);
    await first.stop();
    const admin = own.kafka.admin();
    await admin.connect();
    await admin.deleteGroups([own.group]);
    await admin.disconnect();
    const more = logRecord({
      partition: 6,
      seq: 11n,
      events: [deposited({ accountId, version: 11n, amount: 10n, balance: 100n })],
    });
    await own.store([more]);
    await own.send([more]);
    await own.startReplica();
    await own.applied(6, 11n);
    await expectProjected(own.databases, accountId, 11);
    expect(await own.filled()).toBe(0n);
  }));

test('fills all of it when the projected tables are emptied under its hands', () =>
  withOwnWorld(async (own) => {
    const { accountId, records } = history(6, 10);
    await own.store(records);
    await own.send(records);
    const emptied = await own.startReplica();
    await own.applied(6, 10n);
    expect(await own.filled()).toBe(0n);
    await emptyProjection(own.databases.projectionStore);
    const startedAt = performance.now();
    await own.applied(6, 10n);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await expectProjected(own.databases, accountId, 10);
    expect(await own.filled()).toBe(10n);
    expect(emptied.failures).toEqual([]);
  }));
