/**
 * GetBalanceAt and ExportStatement on rows that the projector wrote: answered from entries, at
 * every version and around every time; a statement's parts agree, cut and resumed anywhere.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { timestampFromMicros } from '#platform/timestamps.ts';
import type {
  ExportStatementResponse,
  GetBalanceAtRequest,
} from '#proto/bank/v1/account_query_service.ts';
import {
  deposited,
  everyKind,
  FIRST_MICROS,
  lifeOf,
  opened,
  project,
  rewind,
  SECOND_MICROS,
} from './projected-lives.ts';
import { balanceAt, exportStatement, listEntries, refusalOf, type Stream } from './query-calls.ts';
import { startQueryService, type QueryService } from './query-service.ts';

let service: QueryService;
const accountId = randomUUID();
const life = lifeOf(accountId, everyKind());
beforeAll(async () => {
  service = await startQueryService();
  await project(service.databases.projectionStore, life);
});
afterAll(() => service.close());

const micros = (version: number) => FIRST_MICROS + BigInt(version) * SECOND_MICROS;
const timeOf = (version: number) => timestampFromMicros(micros(version));
const euros = (minorUnits: bigint) => ({ currencyCode: 'EUR', minorUnits });
const balanceOf = (version: number) => life[version - 1]?.record.event?.after?.balanceMinor ?? 0n;

describe('GetBalanceAt', () => {
  const ask = (at: GetBalanceAtRequest['at']) => balanceAt(service.client, { accountId, at });

  test('shows the balance after every version, and at every time', async () => {
    for (let version = 1; version <= life.length; version++) {
      const expected = {
        balance: euros(balanceOf(version)),
        version: BigInt(version),
        recordedAt: timeOf(version),
        asOfVersion: BigInt(life.length),
      };
      expect(await ask({ $case: 'version', value: BigInt(version) })).toMatchObject(expected);
      expect(await ask({ $case: 'time', value: timeOf(version) })).toMatchObject(expected);
      const behind = { ...timeOf(version), nanos: 999_999_999 };
      expect(await ask({ $case: 'time', value: behind })).toMatchObject(expected);
      const before = timestampFromMicros(micros(version) - 1n);
      if (version === 1) continue;
      const { version: found } = await ask({ $case: 'time', value: before });
      expect(found).toBe(BigInt(version - 1));
    }
  });

  test('shows the newest balance at the last microsecond of all years', async () => {
    const last = { seconds: 253_402_300_799n, nanos: 999_999_000 };
    expect(await ask({ $case: 'time', value: last })).toMatchObject({
      version: BigInt(life.length),
    });
  });

  test('takes the last of several versions of one time', async () => {
    const at = micros(50);
    const steps = [opened(), deposited(1n, 1n), deposited(2n, 3n), deposited(4n, 7n)];
    const same = steps.map((step, n) => ({ ...step, recordedAtMicros: n < 3 ? at : at + 1n }));
    const id = randomUUID();
    await project(service.databases.projectionStore, lifeOf(id, same));
    const answer = (value: bigint) =>
      balanceAt(service.client, {
        accountId: id,
        at: { $case: 'time', value: timestampFromMicros(value) },
      });
    expect(await answer(at)).toMatchObject({ version: 3n, balance: euros(3n) });
    expect(await answer(at + 1n)).toMatchObject({ version: 4n, balance: euros(7n) });
  });

  test('before the opening, beyond the newest and without an account: not found', async () => {
    const early = timestampFromMicros(micros(1) - 1n);
    const none = { code: 5, reason: 'ACCOUNT_NOT_FOUND' };
    expect(await refusalOf(ask({ $case: 'time', value: early }))).toMatchObject(none);
    expect(await refusalOf(ask({ $case: 'version', value: 99n }))).toMatchObject(none);
    const at = { $case: 'version' as const, value: 1n };
    const unknown = balanceAt(service.client, { accountId: randomUUID(), at });
    expect(await refusalOf(unknown)).toMatchObject(none);
  });

  test('waits for a version', async () => {
    const id = randomUUID();
    const two = lifeOf(id, [opened(), deposited(3n, 3n)]);
    await project(service.databases.projectionStore, two.slice(0, 1));
    const at = { $case: 'version' as const, value: 2n };
    const waiting = balanceAt(service.client, { accountId: id, at, minVersion: 2n });
    await project(service.databases.projectionStore, two.slice(1));
    await service.notify();
    expect(await waiting).toMatchObject({ balance: euros(3n), version: 2n });
  });

  test('names bad fields', async () => {
    const fields = async (request: Partial<GetBalanceAtRequest>) =>
      (await refusalOf(balanceAt(service.client, request))).fields;
    expect(await fields({ minVersion: -1n })).toEqual(['account_id', 'min_version', 'at']);
    expect(await fields({ accountId, at: { $case: 'version', value: 0n } })).toEqual(['version']);
    const time = { seconds: 0n, nanos: -1 };
    expect(await fields({ accountId, at: { $case: 'time', value: time } })).toEqual(['time']);
  });

  test('costs a few probes, however many entries there are', async () => {
    const { projectionStore } = service.databases;
    const many = randomUUID();
    await projectionStore.query(MANY_ENTRIES, [many, 100_000]);
    await projectionStore.query('analyze entries');
    const sql = `explain (analyze, buffers, format json)
      select first_version_at($1, 100000, '2026-01-02T00:00:00Z')`;
    const { rows } = await projectionStore.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(sql, [many]);
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    const blocks = (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0);
    expect(blocks).toBeGreaterThan(0);
    expect(blocks).toBeLessThan(200); // 17 probes of a tree of three levels, and their rows
  });
});

describe('ExportStatement', () => {
  type Request = Parameters<typeof exportStatement>[1];
  const whole = async (request: Request = {}) => {
    const stream = exportStatement(service.client, { accountId, ...request });
    expect(await stream.ended).toBeUndefined();
    return partsOf(stream.messages);
  };

  test('shows opening, every entry as the list does, and closing', async () => {
    const { opening, entries, closing } = await whole();
    expect(opening).toMatchObject({ balance: euros(0n), account: { asOfVersion: 17n } });
    expect(entries).toEqual((await listEntries(service.client, { accountId })).entries);
    expect(closing).toMatchObject({ balance: euros(0n), entryCount: 17n });
    expect(closing?.credits).toEqual(euros(1_255n));
    expect(closing?.debits).toEqual(euros(-1_255n));
  });

  test.each([
    ['a part', 3, 6],
    ['nothing in between', 5, 5],
    ['from before the opening', 0, 3],
    ['up to behind the newest', 15, 40],
    ['all behind the newest', 40, 50],
  ])('of %s: balances and sums agree', async (_, from, before) => {
    const times = { recordedFrom: timeOf(from), recordedBefore: timeOf(before) };
    const { opening, entries, closing } = await whole(times);
    const wanted = life.filter((__, n) => n + 1 >= from && n + 1 < before);
    expect(entries.map(({ version }) => version)).toEqual(
      wanted.map(({ record }) => record.version),
    );
    const amounts = entries.map(({ amount }) => amount?.minorUnits ?? 0n);
    const sum = (some: bigint[]) => some.reduce((all, one) => all + one, 0n);
    expect(closing?.credits?.minorUnits).toBe(sum(amounts.filter((one) => one > 0n)));
    expect(closing?.debits?.minorUnits).toBe(sum(amounts.filter((one) => one < 0n)));
    const change = (closing?.balance?.minorUnits ?? 0n) - (opening?.balance?.minorUnits ?? 0n);
    expect(change).toBe(sum(amounts));
    expect(opening?.balance).toEqual(euros(from === 0 ? 0n : balanceOf(Math.min(from, 18) - 1)));
  });

  test('cut behind each message goes on to the same end, whatever comes meanwhile', async () => {
    const id = randomUUID();
    const { projectionStore } = service.databases;
    await projectionStore.query(MANY_ENTRIES, [id, 2_300]);
    const uncut = exportStatement(service.client, { accountId: id });
    expect(await uncut.ended).toBeUndefined();
    const { messages } = uncut;
    expect(messages.length).toBeGreaterThan(5);
    await projectionStore.query(ONE_MORE, [id]);
    for (const [place, { resumeToken }] of messages.entries()) {
      const rest = exportStatement(service.client, { accountId: id, resumeToken });
      expect(await rest.ended).toBeUndefined();
      expect(rest.messages).toEqual(messages.slice(place + 1));
    }
    const { entries, closing } = partsOf(messages);
    expect(entries.map(({ version }) => version)).toEqual(
      Array.from({ length: 2_300 }, (_, n) => BigInt(n + 1)),
    );
    expect(closing).toMatchObject({ entryCount: 2_300n, balance: euros(2_300n) });
  });

  test('refuses what it cannot answer', async () => {
    const [first] = await messagesOf(exportStatement(service.client, { accountId }));
    const fault = (request: Request) =>
      exportStatement(service.client, { accountId, ...request }).ended;
    const resumeToken = first?.resumeToken ?? '';
    expect((await fault({ resumeToken, recordedFrom: timeOf(2) }))?.fields).toEqual([
      'resume_token',
    ]);
    expect((await fault({ resumeToken: 'x' }))?.fields).toEqual(['resume_token']);
    const backwards = { recordedFrom: timeOf(3), recordedBefore: timeOf(2) };
    expect((await fault(backwards))?.fields).toEqual(['recorded_before']);
    expect((await fault({ accountId: 'x', minVersion: -1n }))?.fields).toEqual([
      'account_id',
      'min_version',
    ]);
    expect(await fault({ accountId: randomUUID() })).toMatchObject({ reason: 'ACCOUNT_NOT_FOUND' });
    const id = randomUUID();
    const { projectionStore } = service.databases;
    await project(projectionStore, lifeOf(id, [opened(), deposited(1n, 1n)]));
    const [begun] = await messagesOf(exportStatement(service.client, { accountId: id }));
    await rewind(projectionStore, id, 1);
    const ahead = await fault({ accountId: id, resumeToken: begun?.resumeToken ?? '' });
    expect(ahead).toMatchObject({ code: 9, reason: 'LOG_REPLACED' });
  });
});

async function messagesOf<Message>(stream: Stream<Message>): Promise<Message[]> {
  await stream.ended;
  return stream.messages;
}

/** Opening once and first, closing once and last. */
function partsOf(messages: readonly ExportStatementResponse[]) {
  const parts = messages.map(({ part }) => part);
  const [first, last] = [parts.at(0), parts.at(-1)];
  const opening = first?.$case === 'opening' ? first.value : undefined;
  const closing = last?.$case === 'closing' ? last.value : undefined;
  expect(parts.slice(1, -1).every((part) => part?.$case === 'entries')).toBe(true);
  const entries = parts.flatMap((part) => (part?.$case === 'entries' ? part.value.entries : []));
  return { opening, entries, closing };
}

type Plan = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number };

const MANY_ENTRIES = `
  with given as (select $1::uuid as id, $2::integer as count),
  written as (
    insert into entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
      currency_code, reference)
    select id, version, 2, '2026-01-01T00:00:00Z'::timestamptz + version * interval '1 second', 1,
      version, 'EUR', ''
    from given, generate_series(1, count) as version
  )
  insert into balances select id, '', count, 'EUR', count, 0, 0, 1, false, false, '', '{}', now(),
    now(), now() from given`;
const ONE_MORE = `
  with changed as (
    update balances set version = version + 1 where account_id = $1 returning account_id, version
  )
  insert into entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
    currency_code, reference)
  select account_id, version, 2, now(), 1, version, 'EUR', '' from changed`;
