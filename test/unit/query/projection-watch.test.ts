/**
 * Waiting for a version: one look-up for all, woken by notices and by the poll, bounded, ended by
 * its signal.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import type { AccountView } from '../../../query-svc/account-view.ts';
import { readConfig } from '../../../query-svc/config.ts';
import {
  createProjectionWatch,
  type ProjectionWatch,
} from '../../../query-svc/projection-watch.ts';

const config = readConfig({
  BANK_PROJECTION_STORE_URL: 'postgres://localhost',
  BANK_REDIS_URL: 'redis://localhost',
  BANK_QUERY_WAITERS_MAX: '1200',
  BANK_QUERY_POLL_MS: '250',
  BANK_QUERY_LOOK_UP_GAP_MS: '2',
});

const never = new AbortController().signal;
const versions = new Map<string, bigint>();
let lookUps: string[][];
let failing: boolean;
let watch: ProjectionWatch;

function view(accountId: string, version: bigint): AccountView {
  return {
    accountId,
    tenant: '',
    version,
    currencyCode: 'EUR',
    balanceMinor: 0n,
    heldMinor: 0n,
    nextExpiryMicros: undefined,
    overdraftLimitMinor: 0n,
    status: 1,
    debitsFrozen: false,
    creditsFrozen: false,
    owner: '',
    labels: {},
    openedAtMicros: 0n,
    updatedAtMicros: 0n,
    projectedAtMicros: 0n,
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  versions.clear();
  lookUps = [];
  failing = false;
  const lookUp = async (accountIds: readonly string[]) => {
    lookUps.push([...accountIds]);
    await Promise.resolve();
    if (failing) throw new Error('the store is away');
    return accountIds.flatMap((id) => {
      const version = versions.get(id);
      return version === undefined ? [] : [view(id, version)];
    });
  };
  watch = createProjectionWatch(lookUp, config, silentLogger);
});

afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('a thousand calls wait at the cost of one look-up a notice, and nothing between', async () => {
  const calls = Array.from({ length: 1_000 }, () => watch.waitFor('a', 3n, never));
  await pass(10);
  const before = lookUps.length;
  expect(before).toBeLessThanOrEqual(3);
  await pass(200);
  expect(lookUps.length).toBe(before);
  versions.set('a', 4n);
  for (let notice = 0; notice < 100; notice++) watch.wake();
  await pass(5);
  expect((await Promise.all(calls)).every(({ version }) => version === 4n)).toBe(true);
  expect(lookUps.length).toBeLessThanOrEqual(before + 2);
});

test('a version that came without a notice is found by the poll', async () => {
  const call = watch.waitFor('a', 1n, never);
  await pass(10);
  versions.set('a', 1n);
  await pass(250);
  expect((await call).version).toBe(1n);
});

test('each call gets its own version, and only then', async () => {
  const answered: bigint[] = [];
  const calls = [1n, 2n, 3n].map(async (version) => {
    answered.push((await watch.waitFor('a', version, never)).version);
  });
  versions.set('a', 2n);
  watch.wake();
  await pass(10);
  expect(answered).toEqual([2n, 2n]);
  versions.set('a', 3n);
  watch.wake();
  await pass(10);
  await Promise.all(calls);
  expect(answered).toEqual([2n, 2n, 3n]);
});

test('a failing store is asked again by the poll', async () => {
  failing = true;
  const call = watch.waitFor('a', 1n, never);
  await pass(10);
  failing = false;
  versions.set('a', 1n);
  await pass(250);
  expect((await call).version).toBe(1n);
});

test('more accounts than fit a statement are looked up in several', async () => {
  const calls = Array.from({ length: 1_100 }, (_, n) => watch.waitFor(String(n), 1n, never));
  await pass(10);
  for (let n = 0; n < 1_100; n++) versions.set(String(n), 1n);
  watch.wake();
  await pass(10);
  await Promise.all(calls);
  expect(Math.max(...lookUps.map(({ length }) => length))).toBe(1_000);
});

test('a call that is cancelled leaves, and nobody is looked up any more', async () => {
  const cancelling = new AbortController();
  const call = watch.waitFor('a', 1n, cancelling.signal);
  cancelling.abort(new Error('gone'));
  await expect(call).rejects.toThrow('gone');
  await pass(10);
  const before = lookUps.length;
  await pass(1_000);
  expect(lookUps.length).toBe(before);
});

test('more calls than the bound are refused', async () => {
  const calls = Array.from({ length: 1_200 }, () => watch.waitFor('a', 1n, never));
  await expect(watch.waitFor('a', 1n, never)).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
  versions.set('a', 1n);
  watch.wake();
  await pass(10);
  await Promise.all(calls);
});

test('closing refuses those that wait and those that come', async () => {
  const call = watch.waitFor('a', 1n, never);
  watch.close();
  await expect(call).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
  await expect(watch.waitFor('a', 1n, never)).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
});
