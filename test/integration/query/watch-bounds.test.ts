/**
 * What watchers may cost: their number, the memory of one that does not read, the statements of a
 * thousand, and that nothing is left of one that has gone.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { EVERYONE, joinNames, noticeName } from '#platform/notice-names.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import {
  AccountQueryServiceService,
  ExportStatementRequest,
  WatchAccountRequest,
} from '#proto/bank/v1/account_query_service.ts';
import { openUnreadCall } from '#test/support/unread-call.ts';
import { until } from '#test/support/until.ts';
import { createAccountChanges } from '../../../query-svc/account-changes.ts';
import { deposited, lifeOf, opened, project } from './projected-lives.ts';
import { exportStatement, watchAccount } from './query-calls.ts';
import { startQueryService, type QueryService } from './query-service.ts';

const BACKLOG = 60_000;

let service: QueryService;
beforeAll(async () => {
  service = await startQueryService({ BANK_QUERY_WATCHERS_MAX: '2' });
});
afterAll(() => service.close());

const pool = () => service.databases.projectionStore;
async function openAccount(): Promise<string> {
  const accountId = randomUUID();
  await project(pool(), lifeOf(accountId, [opened()]));
  return accountId;
}

/** Entries that statements have read, as PostgreSQL counts them. */
async function entriesRead(): Promise<bigint> {
  const { rows } = await pool().query<{ read: bigint }>(
    `select pg_stat_get_tuples_fetched('entries_pkey'::regclass)
       + pg_stat_get_tuples_returned('entries_pkey'::regclass) as read`,
  );
  return rows[0]?.read ?? 0n;
}

/**
 * Has the service end transactions on its connections: what one has read is counted then, or ten
 * seconds after it was used last.
 */
async function readOthers(): Promise<void> {
  const unknown = Array.from({ length: 4 }, () => service.get(randomUUID()));
  const told = await Promise.allSettled(unknown);
  expect(told.map(({ status }) => status)).not.toContain('fulfilled');
}

describe('a caller that does not read', () => {
  test('of a watch stops its reading, and costs no more', async () => {
    const accountId = await openAccount();
    const stream = watchAccount(service.client, { accountId });
    const { resumeToken } = await stream.message(1);
    stream.call.cancel();
    await pool().query(MORE_ENTRIES, [accountId, BACKLOG]);
    const request = WatchAccountRequest.fromPartial({ accountId, resumeToken });
    const { path } = AccountQueryServiceService.watchAccount;
    const bytes = WatchAccountRequest.encode(request).finish();
    await expectBoundedReading(path, bytes);
  });

  test('of a statement likewise', async () => {
    const accountId = await openAccount();
    await pool().query(MORE_ENTRIES, [accountId, BACKLOG]);
    const request = ExportStatementRequest.fromPartial({ accountId });
    const { path } = AccountQueryServiceService.exportStatement;
    await expectBoundedReading(path, ExportStatementRequest.encode(request).finish());
  });

  async function expectBoundedReading(path: string, request: Uint8Array): Promise<void> {
    const before = await entriesRead();
    const call = openUnreadCall(service.address, path, request);
    try {
      let last = -1n;
      const quiet = async () => {
        await readOthers();
        const read = await entriesRead();
        const isQuiet = read === last && read > before;
        last = read;
        return isQuiet;
      };
      await until('it to stop reading', quiet, { everyMs: 1_300 });
      expect(last - before).toBeLessThan(BigInt(BACKLOG) / 4n);
    } finally {
      call.cancel();
      call.close();
    }
  }
});

describe('the number of watchers', () => {
  test('is bounded, and one that goes makes room', async () => {
    const accountId = await openAccount();
    const [one, two] = [0, 1].map(() => watchAccount(service.client, { accountId }));
    await Promise.all([one?.message(1), two?.message(1)]);
    const third = watchAccount(service.client, { accountId });
    expect(await third.ended).toMatchObject({ code: 8, reason: 'QUEUE_FULL' });
    one?.call.cancel();
    const next = await until('room', async () => {
      const stream = watchAccount(service.client, { accountId });
      return await Promise.race([
        stream.message(1).then(() => stream),
        stream.ended.then(() => false as const),
      ]);
    });
    next.call.cancel();
    two?.call.cancel();
  });

  test('a deadline ends a watch, and its room is free again', async () => {
    const accountId = await openAccount();
    for (let n = 0; n < 4; n++) {
      const streams = [0, 1].map(() => watchAccount(service.client, { accountId }, 150));
      for (const { ended } of streams) expect((await ended)?.code).toBe(4);
    }
  });
});

describe('long streams', () => {
  test('end with STREAM_ROTATED by age, and go on with their token', async () => {
    const young = await startQueryService({ BANK_QUERY_STREAM_AGE_MAX_MS: '400' });
    try {
      const accountId = randomUUID();
      await project(young.databases.projectionStore, lifeOf(accountId, [opened()]));
      const stream = watchAccount(young.client, { accountId });
      expect(await stream.ended).toMatchObject({ code: 14, reason: 'STREAM_ROTATED' });
      const resumeToken = stream.messages.at(-1)?.resumeToken ?? '';
      const again = watchAccount(young.client, { accountId, resumeToken });
      expect(await again.message(1)).toMatchObject({ account: undefined });
      expect(await again.ended).toMatchObject({ reason: 'STREAM_ROTATED' });
    } finally {
      await young.close();
    }
  });

  test('end with STREAM_ROTATED when the replica drains', async () => {
    const draining = await startQueryService();
    try {
      const accountId = randomUUID();
      await project(draining.databases.projectionStore, lifeOf(accountId, [opened()]));
      const stream = watchAccount(draining.client, { accountId });
      await stream.message(1);
      draining.stop();
      expect(await stream.ended).toMatchObject({ code: 14, reason: 'STREAM_ROTATED' });
      const late = exportStatement(draining.client, { accountId });
      expect(await late.ended).toMatchObject({ code: 14, reason: 'STREAM_ROTATED' });
    } finally {
      await draining.close();
    }
  });
});

describe('a thousand watchers', () => {
  const ids = Array.from({ length: 1_000 }, () => randomUUID());
  let statements = 0;
  const counting: Pick<pg.Pool, 'query'> = {
    get query() {
      statements++;
      return pool().query.bind(pool());
    },
  };
  const next = { version: 1n, newestOnly: false, waitMs: 20_000 };

  test('of as many accounts are woken by one statement', async () => {
    for (const accountId of ids) await project(pool(), lifeOf(accountId, [opened()]));
    const changes = createAccountChanges(counting, silentLogger);
    const { signal } = new AbortController();
    const followers = ids.map((accountId) => changes.follow(accountId));
    const waiting = followers.map((one) => one.next({ ...next, signal }));
    for (const accountId of ids) {
      const [, second] = lifeOf(accountId, [opened(), deposited(5n, 5n)]);
      if (second !== undefined) await project(pool(), [second]);
    }
    await until('the polls to be over', () => statements > 0);
    const told = await Promise.all(waiting);
    expect(told.every((change) => change?.newest.version === 2n)).toBe(true);
    statements = 0;
    const again = followers.map((one) => one.next({ ...next, version: 1n, signal }));
    changes.wake(EVERYONE);
    await Promise.all(again);
    expect(statements).toBeLessThanOrEqual(2);
    changes.close();
    for (const one of followers) one.close();
    expect(changes.count()).toBe(0);
  });

  test('of one account share what one statement reads, entries and all', async () => {
    const accountId = await openAccount();
    const changes = createAccountChanges(counting, silentLogger);
    const { signal } = new AbortController();
    const followers = ids.map(() => changes.follow(accountId));
    const [, second] = lifeOf(accountId, [opened(), deposited(5n, 5n)]);
    if (second === undefined) throw new Error('a life of two has a second');
    await project(pool(), [second]);
    statements = 0;
    const waiting = followers.map((one) => one.next({ ...next, signal }));
    changes.wake(joinNames(new Set([noticeName(uuidToBytes(accountId))])));
    const told = await Promise.all(waiting);
    expect(new Set(told).size).toBe(1);
    expect(statements).toBeLessThanOrEqual(2);
    changes.close();
    for (const one of followers) one.close();
  });

  test('that give up leave nothing behind', async () => {
    const accountId = await openAccount();
    const changes = createAccountChanges(counting, silentLogger);
    const leaving = new AbortController();
    const followers = ids.map(() => changes.follow(accountId));
    const waiting = followers.map((one) => one.next({ ...next, signal: leaving.signal }));
    const ends = Promise.allSettled(waiting);
    leaving.abort(new Error('gone'));
    expect((await ends).every(({ status }) => status === 'rejected')).toBe(true);
    for (const one of followers) one.close();
    expect(changes.count()).toBe(0);
    const follower = changes.follow(accountId);
    const quiet = await follower.next({
      ...next,
      waitMs: 20,
      signal: new AbortController().signal,
    });
    expect(quiet).toBeUndefined();
    follower.close();
    changes.close();
  });
});

const MORE_ENTRIES = `
  with changed as (
    update balances set version = version + $2, balance_minor = $2 where account_id = $1
    returning account_id
  )
  insert into entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
    currency_code, reference)
  select account_id, n + 1, 2, now(), 1, n, 'EUR', 'a reference of a usual length'
  from changed, generate_series(1, $2) as n`;
