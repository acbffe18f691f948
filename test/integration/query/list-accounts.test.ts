/**
 * ListAccounts on rows that the projector wrote: each filter, all of them at once, and pages that
 * together are the whole while accounts are opened, changed and closed.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AccountStatus, type Account } from '#proto/bank/v1/account.ts';
import type { ListAccountsRequest } from '#proto/bank/v1/account_query_service.ts';
import { listAccounts as readPage } from '../../../query-svc/sql/list-accounts.ts';
import { closed, deposited, lifeOf, opened, project, type Step } from './projected-lives.ts';
import { allAccounts, listAccounts, refusalOf } from './query-calls.ts';
import { startQueryService, type QueryService } from './query-service.ts';

type Filter = Pick<ListAccountsRequest, 'owner' | 'currencyCode' | 'status' | 'labels'>;

const OWNERS = ['Ada', 'ada', 'Bob', 'Zoe "Z"', ''];
const CURRENCIES = ['EUR', 'CHF'];
const LABELS: readonly Record<string, string>[] = [
  {},
  { team: 'a' },
  { team: 'b', site: 'north' },
  { team: 'a', site: 'north' },
];

let service: QueryService;
let whole: Account[];
beforeAll(async () => {
  service = await startQueryService();
  for (const owner of OWNERS) {
    for (const currencyCode of CURRENCIES) {
      for (const labels of LABELS) {
        await open([opened({ owner, currencyCode, labels })]);
        await open([opened({ owner, currencyCode, labels }), deposited(5n, 5n)]);
        await open([opened({ owner, currencyCode, labels }), closed()]);
      }
    }
  }
  whole = await allAccounts(service.client, {});
});
afterAll(() => service.close());

async function open(steps: readonly Step[]): Promise<string> {
  const accountId = randomUUID();
  await project(service.databases.projectionStore, lifeOf(accountId, steps));
  return accountId;
}

function meets(account: Account, filter: Partial<Filter>): boolean {
  const { owner = '', currencyCode = '', status = 0, labels = {} } = filter;
  return (
    (owner === '' || account.owner === owner) &&
    (currencyCode === '' || account.currencyCode === currencyCode) &&
    (status === 0 || account.status === status) &&
    Object.entries(labels).every(([name, value]) => account.labels[name] === value)
  );
}

const filters = fc.record(
  {
    owner: fc.constantFrom(...OWNERS, 'nobody'),
    currencyCode: fc.constantFrom('', ...CURRENCIES, 'JPY'),
    status: fc.constantFrom(...Object.values(AccountStatus).filter((one) => one >= 0)),
    labels: fc.constantFrom(...LABELS, { site: 'south' }),
  },
  { requiredKeys: [] },
);

test('without a filter every account comes once, ascending, as GetAccount shows it', async () => {
  expect(whole).toHaveLength(OWNERS.length * CURRENCIES.length * LABELS.length * 3);
  const ids = whole.map(({ accountId }) => accountId);
  expect(ids).toEqual([...new Set(ids)].toSorted());
  for (const account of whole.slice(0, 5)) {
    expect(await service.get(account.accountId)).toEqual(account);
  }
});

describe('any filter, any page size', () => {
  test('the pages together are the whole', async () => {
    const asked = fc.tuple(filters, fc.integer({ min: 1, max: 9 }));
    const property = fc.asyncProperty(asked, async ([filter, pageSize]) => {
      const found = await allAccounts(service.client, { ...filter, pageSize });
      expect(found).toEqual(whole.filter((account) => meets(account, filter)));
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

test('under writes: none comes twice, and none that was there is lost', async () => {
  const there = await allAccounts(service.client, { owner: 'Ada' });
  const found = await allAccounts(service.client, { owner: 'Ada', pageSize: 2 }, async () => {
    await open([opened({ owner: 'Ada' })]);
  });
  const ids = found.map(({ accountId }) => accountId);
  expect(ids).toEqual([...new Set(ids)].toSorted());
  for (const { accountId } of there) expect(ids).toContain(accountId);
});

test('what a filter without an index looks at is bounded, and the list goes on', async () => {
  await service.databases.projectionStore.query(MANY_ACCOUNTS, [24_000]);
  const first = await listAccounts(service.client, { currencyCode: 'SEK', pageSize: 10 });
  expect(first.accounts).toHaveLength(0);
  expect(first.nextPageToken).not.toBe('');
  const rare = await open([opened({ currencyCode: 'SEK' })]);
  const found = await allAccounts(service.client, { currencyCode: 'SEK' });
  expect(found.map(({ accountId }) => accountId)).toEqual([rare]);
  const ofOwner = await listAccounts(service.client, { owner: 'Bob', currencyCode: 'SEK' });
  expect(ofOwner).toMatchObject({ accounts: [], nextPageToken: '' });
});

test("page tokens tell a caller of one owner nothing of another's accounts", async () => {
  const told = (owner: string) =>
    readPage(service.databases.projectionStore, {
      reach: { tenant: '', owner: 'Ada' },
      after: undefined,
      owner,
      currencyCode: undefined,
      status: undefined,
      labels: {},
      limit: 1,
      accountsMax: 1,
      isWithinTenant: true,
    });
  expect((await told('Ada')).accounts).toHaveLength(1);
  expect(await told('Bob')).toEqual(await told('nobody'));
});

test('an owner and a label are found by their indexes', async () => {
  const { projectionStore } = service.databases;
  await projectionStore.query('analyze balances');
  const plan = async (condition: string): Promise<string> => {
    const sql = `explain select account_id from balances where ${condition} order by account_id`;
    const { rows } = await projectionStore.query<{ 'QUERY PLAN': string }>(sql);
    return rows.map((row) => row['QUERY PLAN']).join(' ');
  };
  expect(await plan(`owner <> '' and owner collate "C" = 'Zoe'`)).toMatch(/balances_owner/);
  expect(await plan(`labels <> '{}' and labels @> '{"team":"b"}'`)).toMatch(/balances_labels/);
});

test('deposits change no indexed column: their updates of balances stay HOT', async () => {
  const { projectionStore } = service.databases;
  const accountId = randomUUID();
  const steps = Array.from({ length: 20 }, (_, n) => deposited(1n, BigInt(n + 1)));
  const life = lifeOf(accountId, [opened({ labels: { team: 'a' } }), ...steps]);
  const read = async () => {
    const sql = `select pg_stat_force_next_flush(),
      pg_stat_get_tuples_updated(c.oid) as updated, pg_stat_get_tuples_hot_updated(c.oid) as hot
      from pg_class c where relname = 'balances'`;
    const { rows } = await projectionStore.query<{ updated: bigint; hot: bigint }>(sql);
    return rows[0] ?? { updated: 0n, hot: 0n };
  };
  await read();
  const before = await read();
  for (const event of life) await project(projectionStore, [event]);
  await read();
  const after = await read();
  expect(after.updated - before.updated).toBe(20n);
  expect(after.hot - before.hot).toBe(20n);
});

test('bad fields are named', async () => {
  const { nextPageToken } = await listAccounts(service.client, { pageSize: 1 });
  const fields = async (request: Partial<ListAccountsRequest>) =>
    (await refusalOf(listAccounts(service.client, request))).fields;
  expect(await fields({ pageSize: -1, currencyCode: 'eur' })).toEqual([
    'page_size',
    'currency_code',
  ]);
  expect(await fields({ status: AccountStatus.UNRECOGNIZED })).toEqual(['status']);
  expect(await fields({ owner: 'a\0' })).toEqual(['owner']);
  expect(await fields({ labels: { '': 'x' } })).toEqual(['labels']);
  const many = Array.from({ length: 17 }, (_, n) => [`label-${n}`, ''] as const);
  expect(await fields({ labels: Object.fromEntries(many) })).toEqual(['labels']);
  expect(await fields({ pageToken: nextPageToken, owner: 'Ada' })).toEqual(['page_token']);
  expect(await fields({ pageToken: 'x' })).toEqual(['page_token']);
});

const MANY_ACCOUNTS = `
  insert into balances
  select gen_random_uuid(), '', 1, 'EUR', 0, 0, 0, 1, false, false, '', '{}', now(), now(), now()
  from generate_series(1, $1)`;
