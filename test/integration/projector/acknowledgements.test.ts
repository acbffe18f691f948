/**
 * The stream of acknowledgements: the same story, once and to its end, whenever a caller asks, on
 * whatever replica, and from whatever token it goes on.
 */
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '#test/support/until.ts';
import { indexesOf, readAcknowledgements, storyProblems } from './acknowledgement-client.ts';
import type { Reading } from './acknowledgement-client.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';
import { submission, traceparent, type Submission } from './submission-fixture.ts';

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

function read(address: string, request: Parameters<typeof readAcknowledgements>[1]): Reading {
  const reading = readAcknowledgements(address, request);
  readings.push(reading);
  return reading;
}

const plan = { partitions: [1, 4, 6], batches: 30, itemsPerBatch: 7 };

async function publish(records: Submission['batches']): Promise<void> {
  await world.store(records);
  await world.send(records);
}

async function publishAll(one: Submission): Promise<void> {
  await publish([...one.batches, one.closing]);
  for (const [partition, seq] of one.heads) await world.applied(partition, seq);
}

test('before, during and after the submission: the same story', async () => {
  const one = submission(world, plan);
  const before = read(first.address, { submissionId: one.id });
  await publish(one.batches.slice(0, 15));
  await until('first ones', () => before.messages.length > 5);
  const during = read(first.address, { submissionId: one.id });
  await publish([...one.batches.slice(15), one.closing]);
  const endings = await Promise.all([before.ended, during.ended]);
  const after = read(first.address, { submissionId: one.id });
  endings.push(await after.ended);
  expect(endings.map((ending) => ending.code)).toEqual([0, 0, 0]);
  for (const { messages } of [before, during, after]) {
    expect(storyProblems(messages, one.accepted)).toEqual([]);
    expect(indexesOf(messages)).toEqual(Array.from({ length: one.accepted }, (_, i) => i));
  }
  const told = after.messages.map((message) => message.acknowledgement?.traceparent);
  expect(told.filter((text) => text !== undefined).sort()).toEqual(
    one.batches.map((_, n) => traceparent(n)).sort(),
  );
  const oldest = after.messages[0]?.acknowledgement;
  expect(oldest?.storedAt?.seconds).toBe(1_780_000_000n);
  expect(Number(oldest?.projectedAt?.seconds)).toBeGreaterThan(1_700_000_000);
});

test('stays open while the submission is, and leaves indexes out unless asked for', async () => {
  const one = submission(world, plan);
  const reading = read(first.address, { submissionId: one.id, includeItemIndexes: false });
  await publish(one.batches);
  await until('all of it', () => reading.messages.length === one.batches.length);
  expect(indexesOf(reading.messages)).toEqual([]);
  expect(reading.messages.at(-1)?.progress).toEqual({
    projectedTotal: BigInt(one.accepted),
    acceptedTotal: undefined,
    blockedTotal: 0n,
    complete: false,
  });
  await publish([one.closing]);
  expect((await reading.ended).code).toBe(0);
  expect(storyProblems(reading.messages, one.accepted)).toEqual([]);
});

test('resumes at every token, on another replica than the one that made it', async () => {
  const one = submission(world, { ...plan, batches: 12 });
  await publishAll(one);
  const whole = read(first.address, { submissionId: one.id });
  await whole.ended;
  for (const [n, message] of whole.messages.entries()) {
    const { resumeToken } = message;
    const rest = read(second.address, { submissionId: one.id, resumeToken });
    expect((await rest.ended).code).toBe(0);
    const story = [...whole.messages.slice(0, n + 1), ...rest.messages];
    const known = message.progress?.complete === true ? rest.messages : story;
    // After the last message the story is only told to be complete, once more.
    if (known !== story) expect(known).toHaveLength(1);
    else expect(storyProblems(story, one.accepted)).toEqual([]);
  }
});

test('a submission with nothing accepted is complete too', async () => {
  const one = submission(world, { partitions: [3], batches: 0, itemsPerBatch: 0 });
  const reading = read(first.address, { submissionId: one.id });
  await publish([one.closing]);
  expect((await reading.ended).code).toBe(0);
  expect(reading.messages).toHaveLength(1);
  expect(storyProblems(reading.messages, 0)).toEqual([]);
});

test('two replicas tell the same, whoever projects', async () => {
  const one = submission(world, { ...plan, partitions: [0, 2, 5, 9, 11, 15] });
  const both = [first, second].map(({ address }) => read(address, { submissionId: one.id }));
  await publish([...one.batches, one.closing]);
  for (const reading of both) {
    expect((await reading.ended).code).toBe(0);
    expect(storyProblems(reading.messages, one.accepted)).toEqual([]);
  }
});

test('a row waits for the other positions of its append, and later ones with it', async () => {
  const one = submission(world, { partitions: [2], batches: 4, itemsPerBatch: 2 });
  const { projectionStore } = world.databases;
  await publishAll(one);
  const [, , waiting] = one.batches;
  await projectionStore.query(
    `update acknowledgements set other_partitions = $1, other_seqs = $2
      where submission_id = $3 and seq = $4`,
    [[7], [1], one.id, waiting?.seq],
  );
  const reading = read(first.address, { submissionId: one.id });
  await until('the first', () => reading.messages.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(reading.messages).toHaveLength(2);
  await projectionStore.query('update projected_heads set seq = 1 where partition = 7');
  expect((await reading.ended).code).toBe(0);
  expect(storyProblems(reading.messages, one.accepted)).toEqual([]);
});

describe('a slow reader', () => {
  test('slows its own stream only, and misses nothing', async () => {
    const one = submission(world, { partitions: [1, 2], batches: 150, itemsPerBatch: 500 });
    await publishAll(one);
    const slow = read(first.address, { submissionId: one.id });
    slow.stream.pause();
    const fast = read(first.address, { submissionId: one.id });
    expect((await fast.ended).code).toBe(0);
    expect(slow.messages.length).toBeLessThan(50);
    slow.stream.resume();
    expect((await slow.ended).code).toBe(0);
    expect(storyProblems(slow.messages, one.accepted)).toEqual([]);
  });
});

describe('refuses', () => {
  test.each([
    ['no submission', { submissionId: '' }, 'submission_id'],
    ['a long submission', { submissionId: 'x'.repeat(129) }, 'submission_id'],
    ['a space', { submissionId: 'a b' }, 'submission_id'],
    ['garbage', { submissionId: 'a', resumeToken: 'garbage' }, 'resume_token'],
    ['other alphabets', { submissionId: 'a', resumeToken: '%%%' }, 'resume_token'],
    ['a long token', { submissionId: 'a', resumeToken: 'A'.repeat(70_000) }, 'resume_token'],
  ])('%s', async (_, request, field) => {
    const ending = await read(first.address, request).ended;
    expect(ending.code).toBe(status.INVALID_ARGUMENT);
    expect(ending.details?.violations.map((violation) => violation.field)).toEqual([field]);
  });

  test('a damaged token, and one of another submission', async () => {
    const one = submission(world, { ...plan, batches: 3 });
    await publishAll(one);
    const reading = read(first.address, { submissionId: one.id });
    await reading.ended;
    const token = reading.messages[1]?.resumeToken ?? '';
    const damaged = `${token.slice(0, 30)}${token[30] === 'A' ? 'B' : 'A'}${token.slice(31)}`;
    for (const request of [
      { submissionId: one.id, resumeToken: damaged },
      { submissionId: one.id, resumeToken: token.slice(0, -1) },
      { submissionId: 'another', resumeToken: token },
    ]) {
      const ending = await read(first.address, request).ended;
      expect(ending.code).toBe(status.INVALID_ARGUMENT);
    }
  });
});

test('a replica that drains ends its streams so that they go on elsewhere', async () => {
  const one = submission(world, plan);
  const draining = await world.startReplica('draining');
  await publish(one.batches);
  const reading = read(draining.address, { submissionId: one.id });
  await until('all of it', () => reading.messages.length === one.batches.length);
  const stopped = draining.stop();
  const ending = await reading.ended;
  expect(ending.code).toBe(status.UNAVAILABLE);
  expect(ending.details?.reason).toBe('STREAM_ROTATED');
  expect(ending.details?.retryAfterMs).toBeGreaterThan(0);
  await stopped;
  const resumeToken = reading.messages.at(-1)?.resumeToken ?? '';
  const rest = read(second.address, { submissionId: one.id, resumeToken });
  await publish([one.closing]);
  expect((await rest.ended).code).toBe(0);
  expect(storyProblems([...reading.messages, ...rest.messages], one.accepted)).toEqual([]);
});

test('a quiet stream sends a checkpoint within ten seconds', { timeout: 30_000 }, async () => {
  const reading = read(first.address, { submissionId: 'never-sent' });
  const at = performance.now();
  await until('a checkpoint', () => reading.messages.length > 0);
  expect(performance.now() - at).toBeLessThan(11_500);
  expect(reading.messages[0]).toMatchObject({
    acknowledgement: undefined,
    progress: { projectedTotal: 0n, complete: false },
  });
});

// The last one: the two replicas of this file end when the log is another.
test('a token of another log is refused, and what served that log ends', async () => {
  const one = submission(world, { ...plan, batches: 3 });
  await publishAll(one);
  const reading = read(first.address, { submissionId: one.id });
  await reading.ended;
  const resumeToken = reading.messages[1]?.resumeToken ?? '';
  const logId = '00000000-0000-4000-8000-000000000009';
  await world.databases.eventStore.query('update ledger set log_id = $1', [logId]);
  await until('the end of both', () => first.failures.length > 0 && second.failures.length > 0);
  const other = await world.startReplica('new-log');
  const ending = await read(other.address, { submissionId: one.id, resumeToken }).ended;
  expect(ending.code).toBe(status.FAILED_PRECONDITION);
  expect(ending.details?.reason).toBe('LOG_REPLACED');
});
