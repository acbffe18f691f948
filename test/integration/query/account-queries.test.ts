/**
 * The queries on a real projection store: answers, waits for versions, pages that stay whole,
 * refusals.
 */
import { randomUUID } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callFault } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { sleep } from '#platform/waiting.ts';
import { ListOrder } from '#proto/bank/v1/account_query_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { until } from '#test/support/until.ts';
import { startQueryService, type QueryService } from './query-service.ts';

let service: QueryService;
beforeAll(async () => {
  service = await startQueryService({ BANK_QUERY_POLL_MS: '300' });
});
afterAll(() => service.close());

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error && 'metadata' in error && error.metadata instanceof Metadata)) {
    throw new Error('it was not refused');
  }
  const { code, reason } = callFault(error);
  const details = decodeStatusDetails(error.metadata);
  return { code, reason, fields: details?.violations.map(({ field }) => field) ?? [] };
}

describe('GetAccount', () => {
  test('shows an account as of its version', async () => {
    const accountId = await service.openAccount(3);
    const account = await service.get(accountId.toUpperCase());
    expect(account).toMatchObject({
      accountId,
      asOfVersion: 3n,
      currencyCode: 'EUR',
      balance: { currencyCode: 'EUR', minorUnits: 200n },
      available: { currencyCode: 'EUR', minorUnits: 225n },
      held: { minorUnits: 25n },
      overdraftLimit: { minorUnits: 50n },
      status: 1,
      owner: 'Ann',
      labels: { team: 'a' },
    });
  });

  test('waits for a version and is woken by the notice', async () => {
    const accountId = await service.openAccount(1);
    const waiting = service.get(accountId, 2n);
    await sleep(50);
    await service.deposit(accountId, 2);
    const movedMs = performance.now();
    await service.notify();
    expect((await waiting).asOfVersion).toBe(2n);
    expect(performance.now() - movedMs).toBeLessThan(250);
  });

  test('waits for an account that is not known yet, also without a notice', async () => {
    const accountId = randomUUID();
    const waiting = service.get(accountId, 1n);
    await sleep(50);
    await service.deposit(accountId, 1);
    expect((await waiting).asOfVersion).toBe(1n);
  });

  test('hears notices again after its listening connection was cut', async () => {
    const { projectionStore } = service.databases;
    const listener = `application_name = 'query-under-test-listen'`;
    const find = `select pid from pg_stat_activity where ${listener}`;
    const before = (await projectionStore.query<{ pid: number }>(find)).rows[0]?.pid;
    await projectionStore.query(`select pg_terminate_backend(${before})`);
    await until('a new listener', async () => {
      const { rows } = await projectionStore.query<{ pid: number }>(find);
      return rows[0] !== undefined && rows[0].pid !== before;
    });
    const accountId = await service.openAccount(1);
    const waiting = service.get(accountId, 2n);
    await service.deposit(accountId, 2);
    await service.notify();
    expect((await waiting).asOfVersion).toBe(2n);
  });

  test('says that the version did not come, with its reason, before the deadline', async () => {
    const accountId = await service.openAccount(1);
    const known = await refusalOf(service.get(accountId, 2n, 1_000));
    expect(known).toMatchObject({ code: 4, reason: 'VERSION_NOT_PROJECTED' });
    const unknown = await refusalOf(service.get(randomUUID(), 1n, 1_000));
    expect(unknown).toMatchObject({ code: 4, reason: 'VERSION_NOT_PROJECTED' });
  });

  test('refuses what it cannot answer', async () => {
    const bad = await refusalOf(service.get('no-uuid', -1n));
    expect(bad).toMatchObject({ code: 3, fields: ['account_id', 'min_version'] });
    const unknown = await refusalOf(service.get(randomUUID()));
    expect(unknown).toMatchObject({ code: 5, reason: 'ACCOUNT_NOT_FOUND' });
  });
});

describe('BatchGetAccounts', () => {
  const batch = (accountIds: string[], minVersions: Record<string, bigint> = {}) => {
    const { queries } = service.client;
    const request = { accountIds, minVersions };
    return unaryCall(queries.batchGetAccounts.bind(queries), request, { deadlineMs: 500 });
  };

  test('answers in the order of the request and names unknown ones apart', async () => {
    const [a, b] = [await service.openAccount(1), await service.openAccount(2)];
    const unknown = randomUUID();
    const answer = await batch([b, unknown, a.toUpperCase(), b]);
    expect(answer.accounts.map(({ accountId }) => accountId)).toEqual([b, a]);
    expect(answer.missingAccountIds).toEqual([unknown]);
  });

  test('waits for the versions asked for', async () => {
    const [a, b] = [await service.openAccount(1), await service.openAccount(1)];
    const waiting = batch([a, b], { [b]: 2n });
    await sleep(50);
    await service.deposit(b, 2);
    await service.notify();
    expect((await waiting).accounts.map(({ asOfVersion }) => asOfVersion)).toEqual([1n, 2n]);
    const late = await refusalOf(batch([a, b], { [a]: 9n }));
    expect(late.reason).toBe('VERSION_NOT_PROJECTED');
  });

  test('takes 1,000 accounts and no more', async () => {
    const ids = Array.from({ length: 1_000 }, () => randomUUID());
    expect((await batch(ids)).missingAccountIds).toHaveLength(1_000);
    expect((await refusalOf(batch([...ids, randomUUID()]))).fields).toEqual(['account_ids']);
    expect((await refusalOf(batch([]))).fields).toEqual(['account_ids']);
    const wrong = await refusalOf(batch(['x', ids[0] ?? ''], { [randomUUID()]: 1n }));
    expect(wrong.fields[0]).toBe('account_ids[0]');
    expect(wrong.fields[1]).toMatch(/^min_versions\[/);
  });
});

describe('ListEntries', () => {
  test('shows what each event did', async () => {
    const accountId = await service.openAccount(2);
    const page = await service.list({ accountId });
    expect(page).toMatchObject({ asOfVersion: 2n, nextPageToken: '' });
    expect(page.entries[1]).toMatchObject({
      accountId,
      version: 2n,
      type: EntryType.ENTRY_TYPE_MONEY_DEPOSITED,
      recordedAt: { nanos: 123_456_000 },
      amount: { currencyCode: 'EUR', minorUnits: 100n },
      balanceAfter: { currencyCode: 'EUR', minorUnits: 100n },
      submissionId: 'payroll',
      itemIndex: 2n,
      reference: 'ref 2',
      valueDate: '2026-01-30',
    });
  });

  test.each([
    ['oldest first', ListOrder.LIST_ORDER_ASCENDING],
    ['newest first', ListOrder.LIST_ORDER_DESCENDING],
  ])('pages stay whole while entries come in, %s', async (_, order) => {
    const accountId = await service.openAccount(25);
    const seen: bigint[] = [];
    let pageToken = '';
    for (let next = 26; ; next++) {
      const page = await service.list({ accountId, order, pageSize: 7, pageToken });
      seen.push(...page.entries.map(({ version }) => version));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
      await service.deposit(accountId, next);
    }
    const ascending = order === ListOrder.LIST_ORDER_ASCENDING ? seen : seen.toReversed();
    expect(ascending).toEqual(ascending.map((__, at) => BigInt(at + 1)));
    expect(seen.length).toBeGreaterThanOrEqual(25);
  });

  test('holds to a range of versions', async () => {
    const accountId = await service.openAccount(9);
    const range = { accountId, fromVersion: 3n, endVersion: 8n, pageSize: 2 };
    const first = await service.list(range);
    const second = await service.list({ ...range, pageToken: first.nextPageToken });
    const third = await service.list({ ...range, pageToken: second.nextPageToken });
    const versions = [first, second, third].flatMap(({ entries }) => entries.map((e) => e.version));
    expect(versions).toEqual([3n, 4n, 5n, 6n, 7n]);
    expect(third.nextPageToken).toBe('');
    const none = await service.list({ accountId, fromVersion: 100n });
    expect(none).toMatchObject({ entries: [], asOfVersion: 9n });
  });

  test('waits for a version', async () => {
    const accountId = await service.openAccount(1);
    const waiting = service.list({ accountId, minVersion: 2n });
    await sleep(50);
    await service.deposit(accountId, 2);
    await service.notify();
    expect((await waiting).entries).toHaveLength(2);
  });

  test('refuses what it cannot answer', async () => {
    const accountId = await service.openAccount(3);
    const { nextPageToken } = await service.list({ accountId, pageSize: 1 });
    const refusedField = async (request: Parameters<QueryService['list']>[0]) =>
      (await refusalOf(service.list({ accountId, ...request }))).fields[0];
    expect(await refusedField({ pageSize: -1 })).toBe('page_size');
    expect(await refusedField({ pageToken: 'x' })).toBe('page_token');
    expect(await refusedField({ pageToken: nextPageToken, fromVersion: 2n })).toBe('page_token');
    expect(await refusedField({ fromVersion: 3n, endVersion: 2n })).toBe('end_version');
    const unknown = await refusalOf(service.list({ accountId: randomUUID() }));
    expect(unknown.reason).toBe('ACCOUNT_NOT_FOUND');
    const more = await service.list({ accountId, pageToken: nextPageToken, pageSize: 5_000 });
    expect(more.entries).toHaveLength(2);
  });
});
