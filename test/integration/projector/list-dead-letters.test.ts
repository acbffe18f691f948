/** ListDeadLetters: every letter once, in the order of the log, page by page, in bounded pages. */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANYONE, type Caller } from '#platform/caller.ts';
import { ListDeadLettersRequest, type DeadLetter } from '#proto/bank/v1/projector_service.ts';
import { faultOf } from '#test/support/bank-calls.ts';
import { until } from '#test/support/until.ts';
import { DEAD_LETTERS } from '../../../projector-svc/config.ts';
import { letterReach } from '../../../projector-svc/letter-reach.ts';
import { listDeadLetters } from '../../../projector-svc/list-dead-letters.ts';
import {
  BEFORE_ALL,
  findLetter,
  lettersToRetry,
} from '../../../projector-svc/sql/letters-to-retry.ts';
import { readDeadLetters } from '../../../projector-svc/sql/list-dead-letters.ts';
import { logRecord } from '../../unit/projector/record-fixtures.ts';
import {
  accountsOf,
  lettersAt,
  listLetters,
  withPayload,
  withUnknownType,
} from './dead-letter-fixture.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';

let world: World;
let replica: Replica;
beforeAll(async () => {
  world = await openWorld();
  replica = await world.startReplica();
  for (const partition of [4, 2, 3]) {
    const { ids, records } = accountsOf(world, partition, 2, 3);
    const broken = ids.map((id, n) => ({ id, record: records[n + 1] }));
    const stored = records.map((one) => {
      const id = broken.find(({ record }) => record === one)?.id;
      return id === undefined ? one : withUnknownType(one, id);
    });
    await world.store(stored);
    await world.send(stored);
    await world.applied(partition, 3n);
  }
});
afterAll(() => world.close());

const UNKNOWN = 'UNKNOWN_EVENT_TYPE';

test('goes page by page, in the order of the log', async () => {
  const places: (string | bigint)[] = [];
  let pageToken = '';
  do {
    const page = await listLetters(replica.address, { pageSize: 2, pageToken, cause: UNKNOWN });
    expect(page.deadLetters.length).toBeLessThanOrEqual(2);
    places.push(...page.deadLetters.map(({ partition, seq }) => `${partition}/${seq}`));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(places).toEqual(['2/2', '2/3', '3/2', '3/3', '4/2', '4/3']);
});

test('ends a page when its payloads are long, and cuts what is longer', async () => {
  const long = Buffer.alloc(70_000, 1);
  const record = withPayload(logRecord({ partition: 7, seq: 1n, events: [] }), long);
  await world.send(Array.from({ length: 40 }, () => ({ ...record, seq: 0n })));
  const kept = async (): Promise<number> => {
    const { rowCount } = await world.databases.projectionStore.query(
      'select from dead_letters where partition = 7',
    );
    return rowCount ?? 0;
  };
  await until('all are kept', async () => (await kept()) === 40);
  const page = await listLetters(replica.address, { pageSize: 1000, cause: 'NO_POSITION' });
  const payloads = page.deadLetters.map(({ payload }) => payload.length);
  expect(new Set(payloads)).toEqual(new Set([DEAD_LETTERS.payloadBytesMax]));
  expect(payloads).toHaveLength(DEAD_LETTERS.pageBytesMax / DEAD_LETTERS.payloadBytesMax);
  expect(page.deadLetters.at(-1)?.payloadBytes).toBe(70_000n);
  const { nextPageToken: pageToken } = page;
  const rest = await listLetters(replica.address, { pageToken, cause: 'NO_POSITION' });
  expect(rest.deadLetters).toHaveLength(40 - payloads.length);
  expect(rest.nextPageToken).toBe('');
});

test('is filtered by cause', async () => {
  expect(await lettersAt(replica.address, 2)).toHaveLength(2);
  const { deadLetters } = await listLetters(replica.address, { cause: 'INVARIANT_BROKEN' });
  expect(deadLetters).toEqual([]);
});

test.each([
  ['page_size', { pageSize: -1 }],
  ['page_token', { pageToken: 'nothing' }],
  ['cause', { cause: 'undecodable' }],
])('refuses a wrong %s', async (field, request) => {
  const fault = await faultOf(listLetters(replica.address, request));
  expect(fault.code).toBe(status.INVALID_ARGUMENT);
  expect(fault.message).toContain(field);
});

test('refuses the token of another list', async () => {
  const { nextPageToken } = await listLetters(replica.address, { pageSize: 1 });
  const request = { pageToken: nextPageToken, cause: UNKNOWN };
  const fault = await faultOf(listLetters(replica.address, request));
  expect(fault.message).toContain('page_token');
});

describe('a letter is of the accounts that wait for it', () => {
  const reader = (more: Partial<Caller>): { caller: Caller } => ({
    caller: { ...ANYONE, subject: 'reader', scopes: new Set(['ops.read']), ...more },
  });
  const seenBy = async (more: Partial<Caller>): Promise<DeadLetter[]> => {
    const list = listDeadLetters({ reading: world.databases.projectionStore, logId: randomUUID() });
    const request = ListDeadLettersRequest.fromPartial({ cause: UNKNOWN });
    return (await list(request, reader(more))).deadLetters;
  };
  beforeAll(async () => {
    await world.databases.projectionStore.query(`
      update balances b set tenant = 'acme', owner = 'ada'
        from parked_accounts p where p.account_id = b.account_id and p.partition = 2`);
  });

  test('who reaches all of them sees it, without its record', async () => {
    for (const acme of [{ tenant: 'acme' }, { tenant: 'acme', owner: 'ada' }]) {
      const letters = await seenBy(acme);
      expect(letters.map(({ partition, seq }) => `${partition}/${seq}`)).toEqual(['2/2', '2/3']);
      for (const { payload, headers, payloadBytes } of letters) {
        expect({ bytes: payload.length, headers }).toEqual({ bytes: 0, headers: {} });
        expect(payloadBytes).toBeGreaterThan(0n);
      }
    }
    expect(await seenBy({ tenant: 'evil' })).toEqual([]);
    expect(await seenBy({ tenant: 'acme', owner: 'bob' })).toEqual([]);
    expect((await seenBy({ tenant: '' })).map(({ partition }) => partition)).toEqual([3, 3, 4, 4]);
    const all = await seenBy({ tenant: 'evil', scopes: new Set(['tenants.all']) });
    expect(all.map(({ payload }) => payload.length > 0)).toEqual(all.map(() => true));
    expect(all).toHaveLength(6);
  });

  test('a retry finds no letter of another one', async () => {
    const { projectionStore: pool } = world.databases;
    const [letter] = await seenBy({ tenant: 'acme' });
    const id = letter?.deadLetterId ?? '';
    expect(
      await findLetter(pool, id, letterReach(reader({ tenant: 'acme' }).caller)),
    ).toBeDefined();
    const eve = letterReach(reader({ tenant: 'evil' }).caller);
    expect(await findLetter(pool, id, eve)).toBeUndefined();
    expect(await lettersToRetry(pool, undefined, BEFORE_ALL, 100, eve)).toEqual([]);
    expect(await readDeadLetters(pool, [id], 10, eve)).toEqual([]);
  });
});
