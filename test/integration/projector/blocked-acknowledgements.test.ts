/**
 * Items that wait for a dead letter: counted as blocked, never told before their retry and never
 * twice, from whatever token a stream goes on, before and after it.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '#test/support/until.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { indexesOf, readAcknowledgements, type Reading } from './acknowledgement-client.ts';
import {
  lettersAt,
  NONSENSE,
  repair,
  retryLetters,
  withPayload,
  withUnknownType,
} from './dead-letter-fixture.ts';
import { accountIn, batch, closing, opening, transfer } from './parked-submission.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';

let world: World;
let first: Replica;
let second: Replica;
const readings: Reading[] = [];
beforeAll(async () => {
  world = await openWorld();
  [first, second] = await Promise.all([world.startReplica('a'), world.startReplica('b')]);
});
afterEach(() => {
  for (const reading of readings.splice(0)) reading.close();
});
afterAll(() => world.close());

const ALL = { $case: 'all', value: true } as const;

function read(address: string, submissionId: string, resumeToken = ''): Reading {
  const reading = readAcknowledgements(address, { submissionId, resumeToken });
  readings.push(reading);
  return reading;
}

async function publish(records: readonly LogRecord[]): Promise<void> {
  await world.store(records);
  await world.send(records);
  for (const { partition, seq } of records) await world.applied(partition, seq);
}

/** What the messages of one submission tell, over all its streams. */
function told(messages: Reading['messages']) {
  const total = messages.reduce((sum, one) => sum + (one.acknowledgement?.itemCount ?? 0n), 0n);
  const progress = messages.at(-1)?.progress;
  expect(progress?.projectedTotal).toBe(total);
  const { blockedTotal, complete } = progress ?? {};
  return { indexes: indexesOf(messages), blockedTotal, complete };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

async function blockedAt(reading: Reading, blocked: bigint, projected: bigint): Promise<void> {
  await until(
    `${blocked} blocked, ${projected} told`,
    () => {
      const progress = reading.messages.at(-1)?.progress;
      return progress?.blockedTotal === blocked && progress.projectedTotal === projected;
    },
    { detail: () => JSON.stringify(reading.messages.at(-1)?.progress, (_, v) => String(v)) },
  );
}

/** Fresh, and from every token that was given before and after the retry. */
async function expectWholeStory(id: string, accepted: number, reading: Reading): Promise<void> {
  expect((await reading.ended).code).toBe(0);
  const end = { indexes: upTo(accepted), blockedTotal: 0n, complete: true };
  expect(told(reading.messages)).toEqual(end);
  const again = read(second.address, id);
  expect((await again.ended).code).toBe(0);
  expect(told(again.messages)).toEqual(end);
  for (const [n, { resumeToken }] of reading.messages.slice(0, -1).entries()) {
    const rest = read(second.address, id, resumeToken);
    expect((await rest.ended).code).toBe(0);
    const story = [...reading.messages.slice(0, n + 1), ...rest.messages];
    expect(told(story), `from message ${n}`).toEqual(end);
  }
}

test('items of a parked account are blocked, others told; after the retry complete', async () => {
  const id = `file-${randomUUID()}`;
  const [a, b, c] = [accountIn(1), accountIn(1), accountIn(2)];
  const openings = [opening(world, 1, [a, b]), opening(world, 2, [c])];
  const batches = [
    batch(world, 1, id, [
      [0, a],
      [1, b],
    ]),
    batch(world, 1, id, [
      [2, a],
      [3, b],
    ]),
    batch(world, 2, id, [
      [4, c],
      [5, c],
    ]),
  ];
  const [broken] = batches;
  const reading = read(first.address, id);
  const stored = batches.map((one) => (one === broken ? withUnknownType(one, a.id) : one));
  await publish([...openings, ...stored]);
  await blockedAt(reading, 2n, 4n);
  await publish([closing(world, id, 6, batches)]);
  const late = read(second.address, id);
  await blockedAt(late, 2n, 4n);
  expect(told(late.messages)).toEqual({
    indexes: [1, 3, 4, 5],
    blockedTotal: 2n,
    complete: false,
  });
  expect(first.logged('has other totals')).toBe(false);
  if (broken !== undefined) await repair(world, broken);
  expect(await retryLetters(second.address, ALL)).toMatchObject({ applied: 1n, failed: 0n });
  await expectWholeStory(id, 6, reading);
  expect((await late.ended).code).toBe(0);
  expect(told(late.messages).indexes).toEqual(upTo(6));
});

test('of a record of which nothing can be read, and of what follows in its accounts', async () => {
  const id = `file-${randomUUID()}`;
  const [a, b] = [accountIn(3), accountIn(3)];
  const open = opening(world, 3, [a, b]);
  const batches = [
    batch(world, 3, id, [
      [0, a],
      [1, a],
      [2, a],
    ]),
    batch(world, 3, id, [
      [3, a],
      [4, b],
    ]),
  ];
  const [good, later] = batches;
  if (good === undefined || later === undefined) throw new Error('there are two');
  const unread = withPayload(good, NONSENSE);
  await world.databases.eventStore.query(
    `insert into submission_batches (tenant, submission_id, partition, seq, batch_id, first_index,
       last_index, accepted, rejected, replayed, currency_codes, amounts_minor, items, hashes)
     values ('', $1, 3, $2, $3, 0, 2, 3, 0, 0, '{}', '{}', '', '')`,
    [id, good.seq, good.batchId],
  );
  await world.store([open]);
  await world.store([unread], [a.id]);
  const end = closing(world, id, 5, batches);
  await world.store([later, end]);
  await world.send([open, unread, later, end]);
  await world.applied(3, later.seq);
  const reading = read(first.address, id);
  await blockedAt(reading, 4n, 1n);
  await repair(world, good);
  expect(await retryLetters(first.address, ALL)).toMatchObject({ applied: 1n, failed: 0n });
  await expectWholeStory(id, 5, reading);
});

test.each([
  ['whose other leg cannot be applied', 4, 5, 'type'],
  ['whose other leg stands in a record of which nothing can be read', 6, 7, 'bytes'],
] as const)('a transfer %s', async (_, here, there, how) => {
  const id = `file-${randomUUID()}`;
  const [from, to] = [accountIn(here), accountIn(there)];
  const openings = [opening(world, here, [from]), opening(world, there, [to])];
  const [sent, received] = transfer(world, id, from, to);
  const broken =
    how === 'type' ? withUnknownType(received, to.id) : withPayload(received, NONSENSE);
  await publish(openings);
  const reading = read(first.address, id);
  await publish([sent, closing(world, id, 1, [sent])]);
  await until('the total is told', () => reading.messages.length > 0);
  const progress = { projectedTotal: 0n, acceptedTotal: 1n, blockedTotal: 0n, complete: false };
  const message = { acknowledgement: undefined, progress }; // it waits for the other position
  expect(reading.messages).toMatchObject([message]);
  await world.store([broken], [to.id]);
  await world.send([broken]);
  await world.applied(there, broken.seq);
  await blockedAt(reading, 1n, 0n);
  expect(await lettersAt(first.address, there)).toHaveLength(1);
  await repair(world, received);
  expect(await retryLetters(second.address, ALL)).toMatchObject({ applied: 1n, failed: 0n });
  await expectWholeStory(id, 1, reading);
});
