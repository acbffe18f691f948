/**
 * Reads that gather: each caller gets a read that began after it asked, few are in flight, and a
 * failure is everybody's of that read only.
 */
import { describe, expect, test } from 'vitest';
import { gatherReads, type Wanted } from '../../../query-svc/read-gather.ts';
import type { AccountView } from '../../../query-svc/account-view.ts';

type Reading = {
  readonly wanted: Wanted;
  readonly answer: (views: ReadonlyMap<string, AccountView>) => void;
  readonly fail: (reason: Error) => void;
};

/** A store that answers when the test says so. */
function heldStore(limits = { readsMax: 1, accountsMax: 3 }) {
  const readings: Reading[] = [];
  const read = gatherReads((wanted) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, AccountView>>();
    readings.push({ wanted: new Map(wanted), answer: resolve, fail: reject });
    return promise;
  }, limits);
  return { read, readings };
}

const NOTHING: ReadonlyMap<string, AccountView> = new Map();
const turn = () => new Promise((resolve) => setImmediate(resolve));
const ids = (reading: Reading | undefined) => [...(reading?.wanted.keys() ?? [])];

describe('reads', () => {
  test('asked for in one turn go together, with the greatest version of each account', async () => {
    const { read, readings } = heldStore();
    void read(new Map([['a', 1n]]));
    void read(new Map([['b', 0n]]));
    void read(new Map([['a', 7n]]));
    await turn();
    expect(readings.map(({ wanted }) => [...wanted])).toEqual([
      [
        ['a', 7n],
        ['b', 0n],
      ],
    ]);
  });

  test('asked for while one is in flight wait for it, and never join it', async () => {
    const { read, readings } = heldStore();
    void read(new Map([['a', 0n]]));
    await turn();
    const later = read(new Map([['a', 0n]]));
    await turn();
    expect(readings).toHaveLength(1);
    readings[0]?.answer(NOTHING);
    await turn();
    expect(readings).toHaveLength(2);
    const found = new Map();
    readings[1]?.answer(found);
    expect(await later).toBe(found);
  });

  test('of more accounts than fit begin another one; of very many go alone, at once', async () => {
    const { read, readings } = heldStore();
    void read(new Map([['a', 0n]]));
    void read(new Map(['b', 'c', 'd'].map((id) => [id, 0n])));
    void read(new Map(['1', '2', '3', '4'].map((id) => [id, 0n])));
    expect(readings.map(ids)).toEqual([['1', '2', '3', '4']]);
    await turn();
    expect(readings.map(ids).slice(1)).toEqual([['a']]);
    readings[1]?.answer(NOTHING);
    await turn();
    expect(readings.map(ids).slice(2)).toEqual([['b', 'c', 'd']]);
  });

  test('that fail do so for all who asked, and the next one goes on', async () => {
    const { read, readings } = heldStore();
    const both = Promise.allSettled([read(new Map([['a', 0n]])), read(new Map([['b', 0n]]))]);
    await turn();
    const next = read(new Map([['a', 0n]]));
    readings[0]?.fail(new Error('gone'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await turn();
    readings[1]?.answer(NOTHING);
    expect(await next).toBe(NOTHING);
  });
});
