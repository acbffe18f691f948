/** What becomes of the connection that holds advisory locks when it fails. */
import { expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { LOCK_CLASS, createSessionLocks } from '../../../projector-svc/session-locks.ts';
import type { LockClient } from '../../../projector-svc/session-locks.ts';

type Stub = LockClient & { fail: (error: Error) => void; ended: number; asked: number };

/** Answers yes; `failing` says what a connection's first or next query answers instead. */
function setUp() {
  const clients: Stub[] = [];
  const failing: { connect?: Error | undefined; query?: Error | undefined } = {};
  const take = (what: 'connect' | 'query'): Error | undefined => {
    const error = failing[what];
    failing[what] = undefined;
    return error;
  };
  const newClient = (): LockClient => {
    const stub: Stub = {
      fail: () => undefined,
      ended: 0,
      asked: 0,
      on: (_event, listener) => (stub.fail = listener),
      connect: async () => {
        const error = take('connect');
        if (error !== undefined) throw error;
      },
      query: async () => {
        stub.asked++;
        const error = take('query');
        if (error !== undefined) throw error;
        return { rows: [{ yes: true }] };
      },
      end: async () => void stub.ended++,
    };
    clients.push(stub);
    return stub;
  };
  const options = { url: '', applicationName: '', lockClass: LOCK_CLASS.fill, log: silentLogger };
  return { locks: createSessionLocks(options, newClient), clients, failing };
}

test('one connection holds all locks, and a lock that is held is not asked for', async () => {
  const { locks, clients } = setUp();
  expect(await Promise.all([locks.tryLock(1), locks.tryLock(2)])).toEqual([true, true]);
  expect(await locks.tryLock(1)).toBe(true);
  expect(clients.map(({ asked }) => asked)).toEqual([2]);
  await locks.close();
  expect(clients.map(({ ended }) => ended)).toEqual([1]);
});

test('a lock that is asked for twice at once is asked for once', async () => {
  const { locks, clients } = setUp();
  expect(await Promise.all([locks.tryLock(1), locks.tryLock(1)])).toEqual([true, true]);
  expect(clients.map(({ asked }) => asked)).toEqual([1]);
  await locks.unlock(1);
  expect(await locks.tryLock(1)).toBe(true);
  expect(clients.map(({ asked }) => asked)).toEqual([3]);
});

test('a connection whose question failed is ended, and its locks are held no more', async () => {
  const { locks, clients, failing } = setUp();
  await locks.tryLock(1);
  failing.query = new Error('canceling statement due to statement timeout');
  expect(await locks.tryLock(2)).toBe(false);
  expect(clients.map(({ ended }) => ended)).toEqual([1]);
  expect(await locks.tryLock(1)).toBe(true);
  expect(clients.map(({ asked }) => asked)).toEqual([2, 1]);
});

test('a connection that was not made is ended; the next question makes another', async () => {
  const { locks, clients, failing } = setUp();
  failing.connect = new Error('connect ECONNREFUSED');
  expect(await locks.tryLock(1)).toBe(false);
  expect(await locks.tryLock(1)).toBe(true);
  expect(clients.map(({ ended }) => ended)).toEqual([1, 0]);
});

test('a lost connection loses its locks', async () => {
  const { locks, clients } = setUp();
  await locks.tryLock(1);
  clients[0]?.fail(new Error('Connection terminated unexpectedly'));
  expect(clients[0]?.ended).toBe(1);
  expect(await locks.tryLock(1)).toBe(true);
  expect(clients.map(({ asked }) => asked)).toEqual([1, 1]);
});

test('a late error of an older connection takes nothing from the current one', async () => {
  const { locks, clients, failing } = setUp();
  failing.query = new Error('Query read timeout');
  await locks.tryLock(1);
  await locks.tryLock(1);
  clients[0]?.fail(new Error('read ECONNRESET'));
  expect(await locks.tryLock(1)).toBe(true);
  expect(clients.map(({ asked, ended }) => ({ asked, ended }))).toEqual([
    { asked: 1, ended: 1 },
    { asked: 1, ended: 0 },
  ]);
});
