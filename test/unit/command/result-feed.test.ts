/** Room for results: of one stream, and of all of them together. */
import { describe, expect, it } from 'vitest';
import { reject } from '#domain/rejection.ts';
import { createByteBudget, type ByteBudget } from '#platform/byte-budget.ts';
import { RESULT_BYTES } from '../../../command-svc/bounds.ts';
import { createResultFeed, type ResultFeed } from '../../../command-svc/result-feed.ts';
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

function stream(unread: ByteBudget, openMax = 100): Stream {
  const pending: (() => void)[] = [];
  let sent = 0;
  const feed = createResultFeed({
    send: () => {
      sent += 1;
      return new Promise((resolve) => pending.push(resolve));
    },
    readDuplicates: async function* () {},
    openMax,
    unread,
    idleMs: 10_000,
  });
  const settle = (items: number): void => {
    const refused = reject('ACCOUNT_NOT_FOUND', 'none');
    for (let n = 0; n < items; n++) feed.refused(bulkItem(0), refused);
  };
  return { feed, read: () => pending.shift()?.(), sent: () => sent, settle };
}

const budgetOf = (results: number): ByteBudget => createByteBudget(results * RESULT_BYTES);

/** Whether the promise has resolved by now. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('room for the results of a message', () => {
  it('is there up to the bound of its stream, and again when the caller has read', async () => {
    const { feed, read, sent, settle } = stream(budgetOf(1_000), 10);
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
    const { feed } = stream(budgetOf(1_000), 10);
    await feed.roomFor(50);
    expect(await isDone(feed.roomFor(1))).toBe(false);
  });

  it('is there while all streams together are below theirs', async () => {
    const unread = budgetOf(10);
    const [one, other] = [stream(unread), stream(unread)];
    await one.feed.roomFor(4);
    await one.feed.roomFor(4);
    const waiting = other.feed.roomFor(5);
    expect(await isDone(waiting)).toBe(false);
    one.settle(4);
    await until('a message is sent', () => one.sent() === 1);
    one.read();
    await waiting;
  });

  it('comes back when a stream ends that has read nothing', async () => {
    const unread = budgetOf(10);
    const [one, other] = [stream(unread), stream(unread)];
    await one.feed.roomFor(10);
    const waiting = other.feed.roomFor(10);
    const late = stream(unread).feed.roomFor(10);
    expect(await isDone(waiting)).toBe(false);
    one.feed.stop();
    await waiting;
    other.feed.stop();
    await late;
  });

  it('is taken back by a stream that ends while it waits for it', async () => {
    const unread = budgetOf(10);
    const [one, other, third] = [stream(unread), stream(unread), stream(unread)];
    await one.feed.roomFor(8);
    void other.feed.roomFor(10);
    const waiting = third.feed.roomFor(2);
    expect(await isDone(waiting)).toBe(false);
    other.feed.stop();
    await waiting;
  });
});
