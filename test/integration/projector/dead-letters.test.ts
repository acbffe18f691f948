/**
 * What cannot be applied is kept, and holds up nothing but the accounts that it concerns: a record
 * that only Kafka brought broken none, since the event store has it in good order.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { credentials } from '@grpc/grpc-js';
import { ProjectorServiceClient } from '#proto/bank/v1/projector_service.ts';
import { until } from '#test/support/until.ts';
import { DEAD_LETTERS } from '../../../projector-svc/config.ts';
import { logRecord, opened } from '../../unit/projector/record-fixtures.ts';
import { expectProjected, history } from './account-history.ts';
import {
  accountsOf,
  lettersAt,
  nextDeposit,
  NONSENSE,
  projected,
  retryLetters,
  whole,
  withPayload,
  withUnknownType,
} from './dead-letter-fixture.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';

let world: World;
let replica: Replica;
beforeAll(async () => {
  world = await openWorld();
  replica = await world.startReplica();
});
afterAll(() => world.close());

async function statusOf(partition: number) {
  const client = new ProjectorServiceClient(replica.address, credentials.createInsecure());
  const answer = await unaryCall(client.getProjectionStatus.bind(client), {});
  client.close();
  const own = answer.partitions[partition];
  return { letters: own?.deadLetters, parked: own?.parkedAccounts, alarm: own?.alarm };
}

describe('a record from Kafka', () => {
  test('that cannot be decoded is kept as it came, and taken from the event store', async () => {
    const { accountId, records } = history(0, 4);
    await world.store(records);
    const broken = records.map((one, n) => (n === 1 ? withPayload(one, NONSENSE) : one));
    await world.send(broken);
    await world.applied(0, 4n);
    await expectProjected(world.databases, accountId, 4);
    expect(await world.filled(0)).toBe(1n);
    const [letter, ...others] = await lettersAt(replica.address, 0);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      partition: 0,
      seq: 2n,
      kafkaOffset: 1n,
      headers: { eventType: 'EventBatch', seq: '2', batchId: records[1]?.batchId },
      payload: NONSENSE,
      payloadBytes: BigInt(NONSENSE.length),
      cause: 'UNDECODABLE',
      parkedAccountIds: [],
      retries: 0,
    });
    expect(letter?.message).toContain('record 2 of partition 0');
    const answer = await retryLetters(replica.address, {
      $case: 'deadLetterId',
      value: letter?.deadLetterId ?? '',
    });
    expect(answer).toMatchObject({ applied: 1n, failed: 0n, firstFailed: [] });
    expect(await lettersAt(replica.address, 0)).toEqual([]);
  });

  test('that does not say which it is, or is not in the log, holds up nobody', async () => {
    const { accountId, records } = history(1, 3);
    await world.store(records);
    const [first, ...others] = records;
    if (first === undefined) throw new Error('there is a record');
    const stray = { ...first, seq: 0n };
    const beyond = { ...first, seq: 700n, batchId: randomUUID() };
    await world.send([first, stray, beyond, ...others]);
    await world.applied(1, 3n);
    await expectProjected(world.databases, accountId, 3);
    const letters = await lettersAt(replica.address, 1);
    expect(letters.map(({ cause, seq }) => [cause, seq])).toEqual([
      ['NO_POSITION', 0n],
      ['NOT_IN_LOG', 700n],
    ]);
    expect(await statusOf(1)).toEqual({ letters: 2n, parked: 0n, alarm: '' });
    const answer = await retryLetters(replica.address, { $case: 'cause', value: 'NOT_IN_LOG' });
    expect(answer).toMatchObject({ applied: 0n, failed: 1n });
    expect(answer.firstFailed[0]).toMatchObject({ seq: 700n, retries: 1 });
    const rest = await retryLetters(replica.address, { $case: 'cause', value: 'NO_POSITION' });
    expect(rest).toMatchObject({ applied: 1n, failed: 0n });
  });
});

describe('a record of the event store', () => {
  test('with an event of an unknown type parks its account; all others flow', async () => {
    const { ids, records } = accountsOf(world, 2, 3, 5);
    const [first = '', parked = '', third = ''] = ids;
    const stored = records.map((one, n) => (n === 2 ? withUnknownType(one, parked) : one));
    await world.store(stored);
    await world.send(stored);
    await world.applied(2, 5n);
    expect(await projected(world, first)).toEqual(whole(5));
    expect(await projected(world, third)).toEqual(whole(5));
    expect(await projected(world, parked)).toEqual(whole(2));
    const [letter] = await lettersAt(replica.address, 2);
    expect(letter).toMatchObject({
      seq: 3n,
      kafkaOffset: 2n,
      cause: 'UNKNOWN_EVENT_TYPE',
      parkedAccountIds: [parked],
      parkedAccounts: 1n,
    });
    expect(letter?.message).toContain('the event type 99 is not known');
    expect(await statusOf(2)).toEqual({ letters: 1n, parked: 1n, alarm: '' });
    expect(replica.logged('accounts are parked')).toBe(true);
    const told = '"check":"parked_accounts","state":"warning"';
    await until('the watch tells it', () => replica.logged(told));
  });

  test('with events that break an invariant likewise', async () => {
    const { ids, records } = accountsOf(world, 3, 2, 2);
    const [good = '', taken = ''] = ids;
    const nobody = randomUUID();
    const third = logRecord({
      partition: 3,
      seq: world.nextSeq(3),
      events: [nextDeposit(good, 3), nextDeposit(taken, 3), nextDeposit(nobody, 3)],
    });
    await world.databases.projectionStore.query(
      `insert into entries (account_id, version, type, recorded_at, amount_minor,
         balance_after_minor, currency_code, reference) values ($1, 3, 2, now(), 0, 0, 'EUR', '')`,
      [taken],
    );
    await world.store([...records, third]);
    await world.send([...records, third]);
    await world.applied(3, 3n);
    expect(await projected(world, good)).toEqual(whole(3));
    const letters = await lettersAt(replica.address, 3);
    expect(letters.map(({ cause, seq }) => [cause, seq])).toEqual([['INVARIANT_BROKEN', 3n]]);
    expect(letters[0]?.parkedAccountIds).toEqual([nobody, taken].sort());
    expect(replica.failures).toEqual([]);
  });

  test('of which nothing can be read parks every account that it names', async () => {
    const { ids, records } = accountsOf(world, 4, 3, 3);
    const [elsewhere] = ids;
    const named = ids.slice(1);
    await world.store(records);
    const broken = logRecord({ partition: 4, seq: world.nextSeq(4), events: [] });
    const unread = withPayload(broken, NONSENSE);
    await world.store([unread], named);
    const last = logRecord({
      partition: 4,
      seq: world.nextSeq(4),
      events: ids.map((id, n) => nextDeposit(id, n === 0 ? 4 : 5)),
    });
    await world.store([last]);
    await world.send([...records, unread, last]);
    await world.applied(4, 5n);
    expect(await projected(world, elsewhere ?? '')).toEqual(whole(4));
    for (const id of named) expect(await projected(world, id)).toEqual(whole(3));
    const [letter] = await lettersAt(replica.address, 4);
    expect(letter).toMatchObject({ seq: 4n, cause: 'UNDECODABLE', parkedAccountIds: named });
  });

  test('that would park too many stops its partition: no fault of accounts', async () => {
    const { projectionStore } = world.databases;
    const { records } = history(5, 1);
    const [record] = records;
    if (record === undefined) throw new Error('there is a record');
    await projectionStore.query(
      `with letter as (
         insert into dead_letters values (gen_random_uuid(), 15, 1, 'store', false, null, '{}', '',
           0, 'PLANTED', '', now()) returning dead_letter_id)
       insert into parked_accounts
         select gen_random_uuid(), 15, dead_letter_id, now() from letter, generate_series(1, $1)`,
      [DEAD_LETTERS.parkedMax],
    );
    const unread = withPayload(record, NONSENSE);
    await world.store([unread], [randomUUID()]);
    await world.send([unread]);
    await until('the alarm', () => replica.logged('this is no fault of single accounts'));
    expect(await world.appliedSeq(5)).toBe(0n);
    await projectionStore.query('delete from parked_accounts where partition = 15');
    await projectionStore.query(`delete from dead_letters where cause = 'PLANTED'`);
  });
});

test('one that comes again is kept once', async () => {
  const stray = { ...logRecord({ partition: 6, seq: 1n, events: [] }), seq: 0n };
  const { records } = history(6, 1);
  await world.send([stray]);
  await until('it is kept', async () => (await lettersAt(replica.address, 6)).length === 1);
  const second = await world.startReplica('second'); // what is not committed comes to it again
  await world.store(records);
  await world.send(records);
  await world.applied(6, 1n);
  await second.stop();
  expect(await lettersAt(replica.address, 6)).toHaveLength(1);
});

test('an opening that is parked leaves its account unknown', async () => {
  const accountId = randomUUID();
  const first = logRecord({ partition: 8, seq: 1n, events: [opened(accountId)] });
  const stored = withUnknownType(first, accountId);
  await world.store([stored]);
  await world.send([stored]);
  await world.applied(8, 1n);
  expect(await projected(world, accountId)).toBeUndefined();
});
