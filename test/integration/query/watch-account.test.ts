/**
 * WatchAccount on rows that the projector wrote: the state first, then each version once, with the
 * state that its event left, however often the stream is cut; marks, conflation, waits.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sleep } from '#platform/waiting.ts';
import type { WatchAccountResponse } from '#proto/bank/v1/account_query_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { seededRandom, freshSeed } from '#test/support/random.ts';
import {
  deposited,
  everyKind,
  lifeOf,
  opened,
  project,
  rewind,
  type LifeEvent,
} from './projected-lives.ts';
import { watchAccount } from './query-calls.ts';
import { startQueryService, type QueryService } from './query-service.ts';
import { expectStates, lastOf, upTo, versions } from './watch-checks.ts';

const CAUGHT_UP = FeedState.FEED_STATE_CAUGHT_UP;
const FELL_BEHIND = FeedState.FEED_STATE_FELL_BEHIND;

let service: QueryService;
beforeAll(async () => {
  service = await startQueryService();
});
afterAll(() => service.close());

const write = async (events: readonly LifeEvent[]) => {
  if (events.length > 0) await project(service.databases.projectionStore, events);
  await service.notify();
};
/** An account with so many deposits of 1 behind its opening. */
const saver = (accountId: string, deposits: number) =>
  lifeOf(accountId, [
    opened(),
    ...Array.from({ length: deposits }, (_, n) => deposited(1n, BigInt(n + 1))),
  ]);
describe('a watch', () => {
  test('begins with the account as it is, then tells each change as it comes', async () => {
    const accountId = randomUUID();
    const life = lifeOf(accountId, everyKind());
    await write(life.slice(0, 2));
    const stream = watchAccount(service.client, { accountId: accountId.toUpperCase() });
    const first = await stream.message(1);
    expect(first).toMatchObject({ account: { asOfVersion: 2n }, entries: [], state: CAUGHT_UP });
    for (const event of life.slice(2)) {
      await write([event]);
      await stream.message(Number(event.record.version) - 1);
    }
    stream.call.cancel();
    expect(versions(stream.messages)).toEqual(upTo(3, life.length));
    expectStates(stream.messages, life);
    expect(stream.messages.slice(1).every(({ state }) => state === 0)).toBe(true);
  });

  test('tells changes that came at once one by one, each with its own state', async () => {
    const accountId = randomUUID();
    const life = lifeOf(accountId, everyKind());
    await write(life.slice(0, 1));
    const stream = watchAccount(service.client, { accountId });
    await stream.message(1);
    await write(life.slice(1));
    await stream.message(life.length);
    stream.call.cancel();
    expect(versions(stream.messages)).toEqual(upTo(2, life.length));
    expectStates(stream.messages, life);
  });

  test('tells an owner no more who was erased meanwhile, however many changes come', async () => {
    const accountId = randomUUID();
    await write(saver(accountId, 0));
    const stream = watchAccount(service.client, { accountId });
    expect((await stream.message(1)).account?.owner).toBe('Ada');
    const { projectionStore } = service.databases;
    await projectionStore.query("update balances set owner = '' where account_id = $1", [
      accountId,
    ]);
    await write(saver(accountId, 3).slice(1));
    await stream.message(4);
    stream.call.cancel();
    expect(stream.messages.slice(1).map(({ account }) => account?.owner)).toEqual(['', '', '']);
  });

  test('is woken by the notice of its own account, and by no other', async () => {
    const [accountId, other] = [randomUUID(), randomUUID()];
    await write(saver(accountId, 0));
    const stream = watchAccount(service.client, { accountId });
    await stream.message(1);
    await project(service.databases.projectionStore, saver(other, 1));
    await project(service.databases.projectionStore, saver(accountId, 1).slice(1));
    const startedMs = performance.now();
    await service.notifyOf([other]);
    await service.notifyOf([accountId]);
    await stream.message(2);
    expect(performance.now() - startedMs).toBeLessThan(700); // before the poll
    stream.call.cancel();
  });

  test('finds what no notice has told by its poll', async () => {
    const accountId = randomUUID();
    await write(saver(accountId, 0));
    const stream = watchAccount(service.client, { accountId });
    await stream.message(1);
    await project(service.databases.projectionStore, saver(accountId, 1).slice(1));
    expect(await stream.message(2)).toMatchObject({ account: { asOfVersion: 2n } });
    stream.call.cancel();
  });

  test('waits for the version asked for, also of an account that is not known yet', async () => {
    const accountId = randomUUID();
    const life = saver(accountId, 2);
    const stream = watchAccount(service.client, { accountId, minVersion: 2n }, 10_000);
    await write(life.slice(0, 1));
    await write(life.slice(1));
    expect((await stream.message(1)).account?.asOfVersion).toBeGreaterThanOrEqual(2n);
    stream.call.cancel();
    const late = watchAccount(service.client, { accountId, minVersion: 99n }, 500);
    expect(await late.ended).toMatchObject({ code: 4, reason: 'VERSION_NOT_PROJECTED' });
  });

  test('of nothing is refused', async () => {
    const stream = watchAccount(service.client, { accountId: randomUUID() });
    expect(await stream.ended).toMatchObject({ code: 5, reason: 'ACCOUNT_NOT_FOUND' });
  });
});

describe('a resumed watch', () => {
  test('goes on behind its token: the backlog in order, marks, then live', async () => {
    const accountId = randomUUID();
    const life = lifeOf(accountId, everyKind());
    await write(life.slice(0, 6));
    const before = watchAccount(service.client, { accountId });
    const { resumeToken } = await before.message(1);
    before.call.cancel();
    await write(life.slice(6, 12));
    const stream = watchAccount(service.client, { accountId, resumeToken });
    await stream.message(6);
    await write(life.slice(12));
    await stream.message(life.length - 6);
    stream.call.cancel();
    expect(versions(stream.messages)).toEqual(upTo(7, life.length));
    expectStates(stream.messages, life);
    const marks = stream.messages.map(({ state }) => state);
    expect(marks.indexOf(CAUGHT_UP)).toBe(5);
    expect(marks.filter((state) => state === CAUGHT_UP)).toHaveLength(1);
  });

  test('without a backlog says so at once', async () => {
    const accountId = randomUUID();
    await write(saver(accountId, 3));
    const { resumeToken } = await watchAccount(service.client, { accountId }).message(1);
    const stream = watchAccount(service.client, { accountId, resumeToken });
    const mark = await stream.message(1);
    expect(mark).toMatchObject({ account: undefined, entries: [], state: CAUGHT_UP });
    stream.call.cancel();
  });

  test('by a token that is ahead of the log is told that it was replaced', async () => {
    const accountId = randomUUID();
    await write(saver(accountId, 3));
    const { resumeToken } = await watchAccount(service.client, { accountId }).message(1);
    await rewind(service.databases.projectionStore, accountId, 3);
    const { ended } = watchAccount(service.client, { accountId, resumeToken });
    expect(await ended).toMatchObject({ code: 9, reason: 'LOG_REPLACED' });
  });

  test('cut 200 times tells every version once, with its state', async () => {
    const accountId = randomUUID();
    const steps = everyKind().slice(0, -1);
    const random = seededRandom(freshSeed());
    const life = lifeOf(accountId, [...steps, ...Array.from({ length: 380 }, depositBehind)]);
    await write(life.slice(0, 1));
    const told: WatchAccountResponse[] = [];
    const rest = life.slice(1);
    for (let cuts = 0; cuts < 200 || lastOf(told) < life.length; cuts++) {
      const writing = write(rest.splice(0, 1 + random.below(3)));
      const resumeToken = told.at(-1)?.resumeToken ?? '';
      const stream = watchAccount(service.client, { accountId, resumeToken });
      await stream.message(1);
      await sleep(random.below(5)); // cut anywhere
      stream.call.cancel();
      told.push(...stream.messages);
      await writing;
    }
    // The first stream began with the state of some version: what is behind it is told.
    const [first] = told;
    const from = Number(first?.account?.asOfVersion ?? 0n) + 1;
    expect(versions(told)).toEqual(upTo(from, life.length));
    expectStates(told, life);
  });
});

test('a backlog of more than one read comes whole, with marks', async () => {
  const accountId = randomUUID();
  const life = saver(accountId, 1_200);
  await write(life.slice(0, 1));
  const stream = watchAccount(service.client, { accountId });
  await stream.message(1);
  for (let at = 1; at < life.length; at += 400)
    await project(service.databases.projectionStore, life.slice(at, at + 400));
  await service.notify();
  await stream.message(life.length);
  stream.call.cancel();
  expect(versions(stream.messages)).toEqual(upTo(2, life.length));
  const marks = stream.messages
    .slice(1)
    .map(({ state }) => state)
    .filter((state) => state !== 0);
  expect(marks[0]).toBe(FELL_BEHIND);
  expect(marks.at(-1)).toBe(CAUGHT_UP);
  expectStates(stream.messages, life);
});

test('with conflation changes are joined into the newest, with the newest entries', async () => {
  const accountId = randomUUID();
  const life = saver(accountId, 400);
  await write(life.slice(0, 1));
  const stream = watchAccount(service.client, { accountId, conflate: true });
  await stream.message(1);
  await project(service.databases.projectionStore, life.slice(1));
  await service.notify();
  const joined = await stream.message(2);
  expect(joined.account?.asOfVersion).toBe(401n);
  expect(versions([joined])).toEqual(upTo(302, 401));
  expectStates([joined], life);
  stream.call.cancel();
});

test('a token is of its own account only', async () => {
  const accountId = randomUUID();
  await write(saver(accountId, 1));
  const { resumeToken } = await watchAccount(service.client, { accountId }).message(1);
  const other = watchAccount(service.client, { accountId: randomUUID(), resumeToken });
  expect((await other.ended)?.fields).toEqual(['resume_token']);
});

function depositBehind(_: unknown, n: number) {
  return deposited(1n, BigInt(n + 1));
}
