/**
 * The benchmark's reconciliation against stores that were planted by hand: what is right passes,
 * and each fact that is off by one is found. A run that this lets pass would be a false figure.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  checkChange,
  checkSubmission,
  readLedger,
  type LedgerFacts,
} from '#test/bench/ledger-facts.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';

const SENT = { items: 2, amountMinor: 30n };
const SUBMISSION = 'bench-1';
let stores: Databases;
let before: LedgerFacts;

beforeAll(async () => {
  stores = await openDatabases();
});
afterAll(() => stores.close());

beforeEach(async () => {
  const { eventStore, projectionStore } = stores;
  await eventStore.query('truncate events, submissions, submission_batches');
  await projectionStore.query('truncate entries, balances, acknowledgements');
  before = await readLedger(stores);
  await eventStore.query(
    `insert into events (account_id, version, recorded_at, type, hash, payload)
     select '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c', v, now(), 2, '', '' from generate_series(1, 2) v`,
  );
  await eventStore.query(
    `insert into submissions (tenant, submission_id, created_at, closed_at, total_items)
     values ('', 'bench-1', now(), now(), 2)`,
  );
  await eventStore.query(
    `insert into submission_batches values ('', 'bench-1', 0, 1, gen_random_uuid(), 0, 1, 2, 0, 0,
       '{EUR}', '{30}', '', '')`,
  );
  await projectionStore.query(
    `insert into entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
       currency_code, submission_id, item_index, reference)
     select '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c', v, 2, now(), v * 10, 0, 'EUR', 'bench-1', v - 1,
       '' from generate_series(1, 2) v`,
  );
  await projectionStore.query(
    `insert into balances values ('3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c', '', 2, 'EUR', 30, 0, 0, 1,
       false, false, '', '{}', now(), now(), now())`,
  );
  await projectionStore.query(
    `insert into acknowledgements (tenant, submission_id, partition, seq, item_count, item_indexes,
       other_partitions, other_seqs, stored_at, projected_at)
     values ('', 'bench-1', 0, 1, 2, '', '{}', '{}', now(), now())`,
  );
});

async function check(): Promise<void> {
  checkChange(before, await readLedger(stores), SENT);
  await checkSubmission(stores, SUBMISSION, SENT);
}

test('what agrees with what was sent passes', async () => {
  await check();
});

test.each([
  ['an event too few', 'eventStore', 'delete from events where version = 2', 'events stored'],
  ['an entry too few', 'projectionStore', 'delete from entries where version = 2', 'entries'],
  [
    'an amount that differs by one',
    'projectionStore',
    'update entries set amount_minor = amount_minor + 1 where version = 1',
    'sum of entries',
  ],
  [
    'a balance that differs',
    'projectionStore',
    'update balances set balance_minor = 31',
    'sum of b',
  ],
  ['a version that differs', 'projectionStore', 'update balances set version = 3', 'sum of vers'],
  [
    'an index entered twice',
    'projectionStore',
    'update entries set item_index = 0',
    'indexes: 1, expected 2',
  ],
  [
    'an item that was never acknowledged',
    'projectionStore',
    'update acknowledgements set item_count = 1',
    'acknowledged: 1, expected 2',
  ],
  [
    'a submission that is open',
    'eventStore',
    'update submissions set closed_at = null',
    'total: undefined',
  ],
  [
    'an item that was refused',
    'eventStore',
    'update submission_batches set rejected = 1',
    'refused or replayed: 1',
  ],
  [
    'a stored sum that differs',
    'eventStore',
    "update submission_batches set amounts_minor = '{29}'",
    'amount stored: 29',
  ],
] as const)('%s is found', async (_, store, sql, problem) => {
  await stores[store].query(sql);
  await expect(check()).rejects.toThrow(problem);
});
