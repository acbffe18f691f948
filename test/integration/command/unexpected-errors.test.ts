/**
 * Errors that nobody expects, in a batch on a real event store: each item is told what became of it
 * all the same, once, and the log says what happened.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLogger } from '#platform/logger.ts';
import { barrierOf } from '../../../command-svc/barrier.ts';
import { processBarrier } from '../../../command-svc/process-barrier.ts';
import { processBatch } from '../../../command-svc/process-batch.ts';
import {
  accountsOfOnePartition,
  beforeAppend,
  depositCommand,
  laneOf,
  openCommand,
  openReplica,
  settled,
  type Replica,
  type Settled,
} from '#test/support/batch-bench.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { accountsOfLanes } from '#test/support/held-lanes.ts';

let databases: Databases;
let opened: Replica;
/** It writes its log into `lines`. */
let replica: Replica;
let lines: string[];

beforeAll(async () => {
  databases = await openDatabases();
  opened = openReplica(databases.eventStoreUrl('bank_command'), 'replica');
});
beforeEach(() => {
  lines = [];
  const write = (line: string): void => void lines.push(line);
  const log = createLogger({ service: 'test', instance: 'replica', level: 'warn', write });
  replica = { ...opened, context: { ...opened.context, log } };
});
afterAll(async () => {
  await opened.close();
  await databases.close();
});

const CAUSE = 'its socket is closed';

/** The same, told in vain: its callback throws after it has taken the outcome. */
function throwing({ item, outcomes }: Settled, also: () => void = () => undefined): Settled {
  const { origin } = item;
  const settle: typeof origin.settle = (outcome, of) => {
    origin.settle(outcome, of);
    also();
    throw new Error('a callback throws', { cause: new Error(CAUSE) });
  };
  return { item: { ...item, origin: { ...origin, settle } }, outcomes };
}

const firstThrows = (one: Settled, n: number): Settled => (n === 0 ? throwing(one) : one);

async function run(items: readonly Settled[], by = replica): Promise<void> {
  const plain = items.map(({ item }) => item);
  const lane = laneOf(by, plain[0]?.command?.accountId ?? '');
  expect(await processBatch(by.context, lane, plain, performance.now())).toEqual([]);
}

const kinds = (items: readonly Settled[]): string[][] =>
  items.map(({ outcomes }) => outcomes.map(({ kind }) => kind));

const said = (line: string | undefined): unknown => JSON.parse(line ?? '{}');

test('a callback that throws keeps no other item of a stored batch from its outcome', async () => {
  const items = accountsOfOnePartition(4).map((id) => settled(openCommand(id)));
  await run(items.map((one, n) => (n === 1 || n === 2 ? throwing(one) : one)));
  expect(kinds(items)).toEqual(items.map(() => ['accepted']));
  expect(lines).toHaveLength(1);
  expect(said(lines[0])).toMatchObject({
    level: 'error',
    items: 2,
    err: { message: 'a callback throws', cause: { message: CAUSE } },
  });
});

test('nor of one that is not stored', async () => {
  const broken = beforeAppend(replica, () => Promise.reject(new Error('nobody expects it')));
  const items = accountsOfOnePartition(2).map((id) => settled(openCommand(id)));
  await run(items.map(firstThrows), broken);
  expect(kinds(items)).toEqual([['failed'], ['failed']]);
});

test('nor of those whose callers gave up, though it makes another give up', async () => {
  const [one = '', two = '', three = ''] = accountsOfOnePartition(3);
  const late = (id: string): Settled => settled(openCommand(id), undefined, performance.now() - 1);
  const caller = new AbortController();
  const cancelled = settled(openCommand(three));
  const { origin } = cancelled.item;
  if (origin.kind !== 'unary') throw new Error('a command is unary');
  const item = { ...cancelled.item, origin: { ...origin, signal: caller.signal } };
  const items = [throwing(late(one), () => caller.abort()), late(two), { ...cancelled, item }];
  await run(items);
  expect(kinds(items)).toEqual([['failed'], ['failed'], ['accepted']]);
});

test('nor of a refused batch of several partitions', async () => {
  const ids = accountsOfLanes(2);
  const items = ids.map((id) => settled(depositCommand(id, 1n)));
  const given = items.map(firstThrows).map(({ item }) => item);
  const options = { kind: 'unary', allOrNone: true, isAbandoned: () => false } as const;
  const lanes = ids.map((id) => laneOf(replica, id)).sort((a, b) => a.partition - b.partition);
  await processBarrier(replica.context, lanes, barrierOf(given, options), performance.now());
  expect(kinds(items)).toEqual([['failed'], ['failed']]);
});

test('an append that fails as none should is counted, told, and stored after all', async () => {
  const [id = ''] = accountsOfOnePartition(1);
  await run([settled(openCommand(id))]);
  let fails = false;
  const failing = beforeAppend(replica, () => {
    fails = !fails; // not again under the head
    const cause = new Error(CAUSE);
    return fails ? Promise.reject(new Error('a driver fails', { cause })) : Promise.resolve();
  });
  const { unexpected } = replica.context.counts;
  const deposits = [1n, 2n].map((amount) => settled(depositCommand(id, amount)));
  for (const deposit of deposits) await run([deposit], failing);
  expect(kinds(deposits)).toEqual([['accepted'], ['accepted']]);
  expect(replica.context.counts.unexpected).toBe(unexpected + 2);
  expect(lines).toHaveLength(1);
  expect(said(lines[0])).toMatchObject({
    level: 'warn',
    err: { message: 'a driver fails', cause: { message: CAUSE } },
  });
});
