/** Room for results: of one stream, and of all of them together. */
import { describe, expect, it } from 'vitest';
import { reject } from '#domain/rejection.ts';
import { createResultFeed, type ResultFeed } from '../../../command-svc/result-feed.ts';
import { createUnreadRoom, type UnreadRoom } from '../../../command-svc/unread-room.ts';
import { bulkItem } from '#test/support/batch-items.ts';
import { until } from '#test/support/until.ts';

type Stream = {
  feed: ResultFeed;
  /** The caller reads one message. */
  read: () => void;
  sent: () => number;
  /** Results of so many items come. */
  settle: (items: number) => void;
};

function stream(unread: UnreadRoom, openMax = 100): Stream {
  const pending: (() => void)[] = [];
  let sent = 0;
  const feed = createResultFeed({
    send: () => {
      sent += 1;
      return new Promise((resolve) => pending.push(resolve));
    },
    readDuplicates: async function* () {},
    openMax,
    room: unread.ofStream(),
    idleMs: 10_000,
  });
  const settle = (items: number): void => {
    const refused = reject('ACCOUNT_NOT_FOUND', 'none');
    for (let n = 0; n < items; n++) feed.refused(bulkItem(0), refused);
  };
  return { feed, read: () => pending.shift()?.(), sent: () => sent, settle };
}

/** For two streams. */
const roomOf = (results: number): UnreadRoom => createUnreadRoom(results, 2);

/** Whether the promise has resolved by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('room for the results of a message', () => {
  it('is there up to the bound of its stream, and again when the caller has read', async () => {
    const { feed, read, sent, settle } = stream(roomOf(1_000), 10);
    await feed.roomFor(6);
    const second = feed.roomFor(5);
    expect(await isDone(second)).toBe(false);
    settle(6);
    await until('a message is sent', () => sent() === 1);
    expect(await isDone(second)).toBe(false);
    read();
    await second;
    expect(await isDone(feed.roomFor(6))).toBe(false);
  });

  it('is there for a message greater than the bound when nothing else is unread', async () => {
    const { feed } = stream(roomOf(1_000), 10);
    await feed.roomFor(50);
    expect(await isDone(feed.roomFor(1))).toBe(false);
  });

  it('is there for a part of a message while others leave theirs unread', async () => {
    const unread = roomOf(40); // 10 of each stream, 20 to share
    const [one, other] = [stream(unread), stream(unread)];
    expect(await one.feed.roomFor(100)).toBe(10 + 10);
    expect(await other.feed.roomFor(100)).toBe(10 + 5);
    const more = other.feed.roomFor(85);
    expect(await isDone(more)).toBe(false);
    one.feed.stop();
    expect(await isDone(more)).toBe(false); // its own are unread
    other.settle(15);
    await until('a message is sent', () => other.sent() === 1);
    other.read();
    expect(await more).toBe(10 + 10);
  });

  it('comes back when a stream ends that has read nothing', async () => {
    const unread = roomOf(40);
    const [one, other] = [stream(unread), stream(unread)];
    await one.feed.roomFor(20);
    one.feed.stop();
    one.feed.stop();
    await one.feed.roomFor(20); // of what comes after its end nothing is kept
    expect(await other.feed.roomFor(20)).toBe(20);
  });
});
