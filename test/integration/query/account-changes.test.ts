/**
 * News of accounts when notices, reads and watchers meet in every order: nothing is skipped, and a
 * store that does not answer is waited for, but not for ever.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { noticeName } from '#platform/notice-names.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { until } from '#test/support/until.ts';
import {
  createAccountChanges,
  type AccountChanges,
  type Follower,
} from '../../../query-svc/account-changes.ts';
import { deposited, lifeOf, opened, project, type LifeEvent } from './projected-lives.ts';

/** Before the first poll: what comes within it came by a notice. */
const SOON_MS = 500;

let databases: Databases;
beforeAll(async () => {
  databases = await openDatabases();
});
afterAll(() => databases.close());

let changes: AccountChanges;
let follower: Follower;
let accountId: string;
let life: LifeEvent[];
/** What stands before each answer of the store. */
let gate: Promise<void>;
let reads: number;

beforeEach(async () => {
  accountId = randomUUID();
  life = lifeOf(accountId, [opened(), deposited(5n, 5n), deposited(7n, 12n)]);
  await write(1);
  gate = Promise.resolve();
  reads = 0;
  changes = createAccountChanges(gatedStore(), silentLogger);
  follower = changes.follow(accountId);
});
afterEach(() => {
  follower.close();
  changes.close();
});

const write = (version: number) =>
  project(databases.projectionStore, life.slice(version - 1, version));
const wake = () => changes.wake(noticeName(uuidToBytes(accountId)));
const next = (version: bigint, waitMs = SOON_MS) =>
  follower.next({ version, newestOnly: false, waitMs, signal: new AbortController().signal });

describe('a watcher is told of a change', () => {
  test('whose notice came while it did not wait', async () => {
    await write(2);
    wake();
    expect((await next(1n))?.newest.version).toBe(2n);
  });

  test('whose notice came while its account was read', async () => {
    await write(2);
    const open = Promise.withResolvers<void>();
    gate = open.promise;
    const first = next(1n);
    await until('the read', () => reads === 1);
    await write(3);
    wake();
    open.resolve();
    expect((await first)?.entries.map(({ version }) => version)).toEqual([2n]);
    expect((await next(2n))?.entries.map(({ version }) => version)).toEqual([3n]);
  });

  test('that another watcher of the account was told before', async () => {
    await write(2);
    wake();
    const other = changes.follow(accountId);
    expect((await next(1n))?.newest.version).toBe(2n);
    const { signal } = new AbortController();
    const late = { version: 1n, newestOnly: false, waitMs: SOON_MS, signal };
    expect((await other.next(late))?.newest.version).toBe(2n);
    other.close();
  });

  test('and is told nothing when there is none', async () => {
    wake();
    expect(await next(1n, 100)).toBeUndefined();
    expect(reads).toBeGreaterThan(0);
  });
});

describe('when the store does not answer', () => {
  test('a watcher waits on, and is told when it is back', async () => {
    const broken = Promise.reject(lost());
    broken.catch(() => undefined);
    gate = broken;
    const waiting = next(1n, 10_000);
    await write(2);
    wake();
    await until('a read that fails', () => reads > 0);
    gate = Promise.resolve();
    expect((await waiting)?.newest.version).toBe(2n);
  });

  test('for long, its stream ends', async () => {
    const broken = Promise.reject(lost());
    broken.catch(() => undefined);
    gate = broken;
    const waiting = next(1n, 30_000);
    const end = waiting.then(
      () => undefined,
      (error: unknown) => error,
    );
    let ended = false;
    void end.then(() => (ended = true));
    await until('the end', () => (wake(), ended));
    expect(await end).toMatchObject({ reason: 'PROJECTION_UNAVAILABLE' });
    expect(reads).toBe(5);
  });
});

test('a replica that stops refuses those that wait and those that come', async () => {
  const waiting = next(1n, 10_000);
  changes.close();
  await expect(waiting).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
  await expect(next(1n)).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
});

/** The real store, with the gate between its answer and whoever asked. */
function gatedStore(): Pick<pg.Pool, 'query'> {
  return new Proxy(databases.projectionStore, {
    get: (pool, name) => {
      if (name !== 'query') throw new Error(`${String(name)} is not used`);
      return async (config: pg.QueryConfig) => {
        const result = await pool.query(config);
        reads++;
        await gate;
        return result;
      };
    },
  });
}

function lost(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
