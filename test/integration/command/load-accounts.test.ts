/**
 * Loading an account reads one row by one descent of the primary key's index, however many events
 * it has, however many accounts are asked for, and whatever the planner knows of the table.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { eventReads } from '#test/support/load-plan.ts';
import { loadAccounts } from '../../../command-svc/sql/load-accounts.ts';

const LONG_HISTORY = 1_000_000;
const ACCOUNTS = 5_000;
const EVENTS_EACH = 20;
/** From the root to a leaf of an index of so many events, and the row's page. */
const PAGES_AN_ACCOUNT = 5;

let stores: Databases;
const long = randomUUID();
const accounts = Array.from({ length: ACCOUNTS }, () => randomUUID());

beforeAll(async () => {
  stores = await openDatabases();
  await plantEvents([long], LONG_HISTORY);
  await plantEvents(accounts, EVENTS_EACH);
});
afterAll(() => stores.close());

async function plantEvents(accountIds: readonly string[], versions: number): Promise<void> {
  await stores.eventStore.query(
    `insert into events (account_id, version, recorded_at, type, hash, payload)
     select a.id, v, now(), 2, sha256('planted'), sha256(v::text::bytea)
       from unnest($1::uuid[]) a(id), generate_series(1, $2) v`,
    [accountIds, versions],
  );
}

const INDEX = ['Index Scan events_pkey'];

describe.each(['knows nothing of', 'has analyzed'])('when the planner %s the table', (what) => {
  beforeAll(async () => {
    if (what === 'has analyzed') await stores.eventStore.query('vacuum analyze events');
  });

  it('an account of a million events is one descent and one row', async () => {
    const { scans, searches, rows, pages } = await eventReads(stores.eventStore, [long]);
    expect({ scans, searches, rows }).toEqual({ scans: INDEX, searches: 1, rows: 1 });
    expect(pages).toBeLessThanOrEqual(PAGES_AN_ACCOUNT);
    const loaded = await load([long]);
    expect(loaded).toEqual([[long, BigInt(LONG_HISTORY)]]);
  });

  it('a batch of 5,000 accounts is one descent and one row each', async () => {
    const { scans, searches, rows, pages } = await eventReads(stores.eventStore, accounts);
    expect({ scans, searches, rows }).toEqual({ scans: INDEX, searches: ACCOUNTS, rows: ACCOUNTS });
    expect(pages).toBeLessThanOrEqual(PAGES_AN_ACCOUNT * ACCOUNTS);
    const loaded = await load(accounts);
    expect(loaded).toHaveLength(ACCOUNTS);
    expect(loaded.every(([, version]) => version === BigInt(EVENTS_EACH))).toBe(true);
  });

  it('an account that does not exist is one descent and no row', async () => {
    const reads = await eventReads(stores.eventStore, [randomUUID()]);
    expect(reads).toMatchObject({ scans: INDEX, searches: 1, rows: 0 });
  });
});

async function load(accountIds: readonly string[]): Promise<[string, bigint][]> {
  const { newestEvents } = await loadAccounts(stores.eventStore, {
    partition: 0,
    known: undefined,
    headTaken: false,
    rowsMax: 20,
    accountIds,
    operationAccountIds: [],
    operationIds: [],
  });
  return newestEvents.map(({ accountId, version }) => [accountId, version]);
}
