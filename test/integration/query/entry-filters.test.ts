/**
 * ListEntries on rows that the projector wrote: each filter against the same filter over the whole
 * list, both directions, and pages that stay whole under writes, whatever the filter.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { microsFromTimestamp, timestampFromMicros } from '#platform/timestamps.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import type { Entry } from '#proto/bank/v1/account.ts';
import { ListOrder, type ListEntriesRequest } from '#proto/bank/v1/account_query_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import {
  everyKind,
  FIRST_MICROS,
  lifeOf,
  project,
  SECOND_MICROS,
  type LifeEvent,
} from './projected-lives.ts';
import { allEntries, listEntries } from './query-calls.ts';
import { startQueryService, type QueryService } from './query-service.ts';

type Filter = Partial<ListEntriesRequest>;

let service: QueryService;
let whole: Entry[];
const accountId = randomUUID();
beforeAll(async () => {
  service = await startQueryService();
  await project(service.databases.projectionStore, lifeOf(accountId, everyKind()));
  whole = await allEntries(service.client, { accountId });
});
afterAll(() => service.close());

const second = (n: number) => timestampFromMicros(FIRST_MICROS + BigInt(n) * SECOND_MICROS);
const versionsOf = (entries: readonly Entry[]) => entries.map(({ version }) => version);

/** The filter once more, over the whole list. */
function meets(entry: Entry, filter: Filter): boolean {
  const at = entry.recordedAt === undefined ? 0n : microsFromTimestamp(entry.recordedAt);
  const { recordedFrom: from, recordedBefore: before, types = [] } = filter;
  const { fromVersion = 0n, endVersion = 0n, submissionId = '' } = filter;
  const { valueDateFrom = '', valueDateBefore = '' } = filter;
  return (
    entry.version >= fromVersion &&
    (endVersion === 0n || entry.version < endVersion) &&
    (from === undefined || at >= microsFromTimestamp(from)) &&
    (before === undefined || at < microsFromTimestamp(before)) &&
    (types.length === 0 || types.includes(entry.type)) &&
    (submissionId === '' || entry.submissionId === submissionId) &&
    (valueDateFrom === '' || entry.valueDate >= valueDateFrom) &&
    (valueDateBefore === '' || entry.valueDate < valueDateBefore)
  );
}

test('an entry of every type is shown, with what it did to the balance', () => {
  expect(versionsOf(whole)).toEqual(everyKind().map((_, place) => BigInt(place + 1)));
  const known = Object.values(EntryType).filter((type) => type > 0);
  expect([...new Set(whole.map(({ type }) => type))].toSorted((a, b) => a - b)).toEqual(known);
  let balance = 0n;
  for (const { amount, balanceAfter } of whole) {
    balance += amount?.minorUnits ?? 0n;
    expect(balanceAfter?.minorUnits).toBe(balance);
  }
});

test('an entry names its other leg, its hold, what it undoes and what undoes it', () => {
  const named = whole.flatMap((entry) => {
    const { version, counterpartAccountId: leg, counterpartVersion, holdId } = entry;
    const { reversedVersion, reversedByVersion } = entry;
    const names = [leg, counterpartVersion, holdId, reversedVersion, reversedByVersion];
    return names.every((one) => one === '' || one === 0n) ? [] : [[version, ...names]];
  });
  const [leg, hold, laterHold] = ['09', '07', '08'].map((byte) =>
    uuidFromBytes(Buffer.from(byte.repeat(16), 'hex')),
  );
  expect(named).toEqual([
    [3n, '', 0n, '', 0n, 15n],
    [4n, leg, 4n, '', 0n, 0n],
    [5n, leg, 4n, '', 0n, 0n],
    ...[6n, 7n, 8n].map((version) => [version, '', 0n, hold, 0n, 0n]),
    ...[10n, 11n].map((version) => [version, '', 0n, laterHold, 0n, 0n]),
    [15n, '', 0n, '', 3n, 0n],
  ]);
});

test.each<[string, Filter, bigint[]]>([
  ['a time on', { recordedFrom: second(16) }, [16n, 17n]],
  ['just behind a time on', { recordedFrom: { ...second(16), nanos: 1 } }, [17n]],
  ['up to before a time', { recordedBefore: second(2) }, [1n]],
  ['up to just behind a time', { recordedBefore: { ...second(2), nanos: 1 } }, [1n, 2n]],
  ['a time that is nobody', { recordedFrom: second(99) }, []],
  ['a type', { types: [EntryType.ENTRY_TYPE_HOLD_PLACED] }, [6n, 10n]],
  ['a submission', { submissionId: 'payroll-2' }, [13n]],
  ['a value date on', { valueDateFrom: '2026-06-09' }, [5n, 13n]],
  ['before a value date', { valueDateBefore: '2026-06-01' }, [2n]],
])('from %s', async (_, filter, expected) => {
  expect(versionsOf(await allEntries(service.client, { accountId, ...filter }))).toEqual(expected);
});

describe('any filter, any page size, both directions', () => {
  const time = fc.integer({ min: -1, max: 19 }).map(second);
  const day = fc.constantFrom('', '2026-05-30', '2026-06-01', '2026-06-09', '2026-06-10');
  const type = fc.constantFrom(...Object.values(EntryType).filter((one) => one > 0));
  const filters = fc
    .record(
      {
        fromVersion: fc.bigInt({ min: 0n, max: 20n }),
        endVersion: fc.bigInt({ min: 0n, max: 20n }),
        recordedFrom: time,
        recordedBefore: time,
        types: fc.uniqueArray(type, { maxLength: 6 }),
        submissionId: fc.constantFrom('', 'payroll-1', 'payroll-2', 'none'),
        valueDateFrom: day,
        valueDateBefore: day,
      },
      { requiredKeys: [] },
    )
    .filter(isRange);
  const asked = fc.record({
    filter: filters,
    pageSize: fc.integer({ min: 1, max: 5 }),
    order: fc.constantFrom(ListOrder.LIST_ORDER_ASCENDING, ListOrder.LIST_ORDER_DESCENDING),
  });

  test('the pages together are the whole', async () => {
    const property = fc.asyncProperty(asked, async ({ filter, pageSize, order }) => {
      const found = await allEntries(service.client, { accountId, ...filter, pageSize, order });
      const expected = whole.filter((entry) => meets(entry, filter));
      const isAscending = order === ListOrder.LIST_ORDER_ASCENDING;
      expect(found).toEqual(isAscending ? expected : expected.toReversed());
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test('also while entries come in: none twice, none of the first lost', async () => {
    const property = fc.asyncProperty(asked, async ({ filter, pageSize, order }) => {
      const growing = randomUUID();
      const life = lifeOf(growing, everyKind());
      const { projectionStore } = service.databases;
      const rest: LifeEvent[] = life.slice(4);
      await project(projectionStore, life.slice(0, 4));
      const write = async () => {
        const next = rest.splice(0, 2);
        if (next.length > 0) await project(projectionStore, next);
      };
      const request = { accountId: growing, ...filter, pageSize, order };
      const found = versionsOf(await allEntries(service.client, request, write));
      const expected = versionsOf(whole.filter((entry) => meets(entry, filter)));
      const ordered = order === ListOrder.LIST_ORDER_ASCENDING ? found : found.toReversed();
      // What was found is a beginning of the list without a gap, and holds all that was there.
      expect(ordered).toEqual(expected.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(expected.filter((one) => one <= 4n).length);
    });
    await fc.assert(property, { numRuns: 25 });
  });
});

test('a page of a narrow filter looks at a bounded number of entries, and goes on', async () => {
  const many = randomUUID();
  const { projectionStore } = service.databases;
  await projectionStore.query(MANY_ENTRIES, [many, 45_000]);
  const request = { accountId: many, submissionId: 'rare', pageSize: 10 };
  for (const order of [ListOrder.LIST_ORDER_ASCENDING, ListOrder.LIST_ORDER_DESCENDING]) {
    const first = await listEntries(service.client, { ...request, order });
    expect(first.nextPageToken).not.toBe('');
    expect(first.entries.length).toBeLessThan(4);
    const found = versionsOf(await allEntries(service.client, { ...request, order }));
    expect(found.toSorted((a, b) => Number(a - b))).toEqual([1n, 20_000n, 20_001n, 45_000n]);
  }
});

const MANY_ENTRIES = `
  with given as (select $1::uuid as id, $2::integer as count),
  written as (
    insert into entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
      currency_code, submission_id, item_index, reference)
    select id, version, 2, now(), 1, version, 'EUR',
      case when version in (1, 20000, 20001, 45000) then 'rare' else 'often' end, version, ''
    from given, generate_series(1, count) as version
  )
  insert into balances select id, '', count, 'EUR', count, 0, 0, 1, false, false, '', '{}', now(),
    now(), now() from given`;

function isRange(filter: Filter): boolean {
  const { fromVersion = 0n, endVersion = 0n, recordedFrom, recordedBefore } = filter;
  const { valueDateFrom = '', valueDateBefore = '' } = filter;
  if (endVersion > 0n && endVersion < fromVersion) return false;
  if (valueDateFrom !== '' && valueDateBefore !== '' && valueDateBefore < valueDateFrom)
    return false;
  if (recordedFrom === undefined || recordedBefore === undefined) return true;
  return microsFromTimestamp(recordedBefore) >= microsFromTimestamp(recordedFrom);
}
