/** Small writes share a transaction; none of them suffers from another's refusal. */
import { describe, expect, test } from 'vitest';
import { groupCommit } from '#platform/group-commit.ts';

type Write = { readonly order: number; readonly bytes: number; readonly isBad?: boolean };

const SHARED_BYTES_MAX = 100;

function setUp() {
  const sent: number[][] = [];
  const pending: PromiseWithResolvers<void>[] = [];
  const send = async (writes: readonly Write[]): Promise<number[]> => {
    sent.push(writes.map(({ order }) => order));
    const answer = Promise.withResolvers<void>();
    pending.push(answer);
    await answer.promise;
    if (writes.some(({ isBad }) => isBad)) throw refused();
    return writes.map(({ order }) => order * 10);
  };
  const commit = groupCommit<Write, number>({
    send,
    bytesOf: ({ bytes }) => bytes,
    sharedBytesMax: SHARED_BYTES_MAX,
    orderOf: ({ order }) => order,
    inFlightMax: 1,
  });
  const small = (order: number): Promise<number> => commit({ order, bytes: SHARED_BYTES_MAX });
  return { sent, commit, small, pending };
}

function refused(): Error {
  return Object.assign(new Error('refused'), { severity: 'ERROR', code: '23505' });
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function answerAll({ pending }: { pending: PromiseWithResolvers<void>[] }): Promise<void> {
  for (let at = 0; at < pending.length; at++) {
    pending[at]?.resolve();
    await tick(); // the answer
    await tick(); // what is sent after it
  }
}

describe('small writes', () => {
  test('of one tick go together, in their order, each with its own answer', async () => {
    const group = setUp();
    const answers = Promise.all([group.small(3), group.small(1), group.small(2)]);
    await tick();
    expect(group.sent).toEqual([[1, 2, 3]]);
    await answerAll(group);
    expect(await answers).toEqual([30, 10, 20]);
  });

  test('that come while others are in flight wait, and then go together', async () => {
    const group = setUp();
    const first = group.small(1);
    await tick();
    const others = [group.small(2), group.small(3)];
    await tick();
    expect(group.sent).toEqual([[1]]);
    await answerAll(group);
    await Promise.all([first, ...others]);
    expect(group.sent).toEqual([[1], [2, 3]]);
  });

  test('of which one is refused are sent again alone: the others stand', async () => {
    const group = setUp();
    const good = group.small(1);
    const bad = group.commit({ order: 2, bytes: 1, isBad: true });
    const outcomes = Promise.allSettled([good, bad]);
    await tick();
    await answerAll(group);
    expect(await outcomes).toMatchObject([{ value: 10 }, { reason: { message: 'refused' } }]);
    expect(group.sent).toEqual([[1, 2], [1], [2]]);
  });

  test('without an answer are not sent again: all hear of it', async () => {
    const group = setUp();
    const both = [group.small(1), group.small(2)];
    await tick();
    group.pending[0]?.reject(new Error('Connection terminated unexpectedly'));
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(group.sent).toEqual([[1, 2]]);
  });
});

test('a large write goes alone, at once, whatever is in flight', async () => {
  const group = setUp();
  const small = group.small(1);
  await tick();
  const large = group.commit({ order: 2, bytes: SHARED_BYTES_MAX + 1 });
  expect(group.sent).toEqual([[1], [2]]);
  await answerAll(group);
  expect([await small, await large]).toEqual([10, 20]);
});
