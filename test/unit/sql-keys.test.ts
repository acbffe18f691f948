/** What counts as a statement that finds its rows by their key, on small examples. */
import { loadModule, parseSync } from 'libpg-query';
import { beforeAll, expect, test } from 'vitest';
import { untiedUses } from '#test/support/sql-keys.ts';

const KEYED = { tables: new Set(['events', 'balances']), key: 'account_id' };

beforeAll(() => loadModule());

test.each([
  'select * from events where account_id = $1',
  'select * from events e where e.account_id = any($1::uuid[]) and version > $2',
  'select * from events where (account_id, version) in (($1, $2))',
  'select * from unnest($1::uuid[]) a(id) join events e on e.account_id = a.id',
  'select * from events join unnest($1::uuid[]) x(account_id) using (account_id)',
  `select * from unnest($1::uuid[]) a(id)
     cross join lateral (select * from events where account_id = a.id limit 1) e`,
  `select * from balances b join events e on e.account_id = b.account_id
    where b.account_id = $1`,
  'update balances b set version = 1 from unnest($1::uuid[]) x(id) where b.account_id = x.id',
  'delete from events where account_id = $1',
  'insert into events (account_id, version) select * from unnest($1::uuid[], $2::bigint[])',
  'copy events (account_id, version) from stdin',
  'with events as (select 1 as version) select * from events',
])('for accounts that it names: %s', (sql) => {
  expect(untiedUses(parseSync(sql), KEYED)).toEqual([]);
});

test.each([
  ['select * from events', 'events is read'],
  ['select * from events where version = 3', 'events is read'],
  ['select * from events where account_id > $1 order by account_id limit 10', 'events is read'],
  ['select * from events where account_id = $1 or version = 3', 'events is read'],
  ['select * from events where account_id <> all($1)', 'events is read'],
  ['select * from balances b join events e using (account_id)', 'balances is read'],
  ['select * from balances b, events e where b.account_id = $1', 'events is read'],
  ['select 1 where exists (select from events where version = $1)', 'events is read'],
  ['update balances set version = 1 where version = 0', 'balances is changed'],
  ['delete from events', 'events is changed'],
  ['insert into events values (1, 2)', 'events is written without naming account_id'],
  ['copy events from stdin', 'events is written without naming account_id'],
])('for all accounts: %s', (sql, problem) => {
  expect(untiedUses(parseSync(sql), KEYED).join('; ')).toContain(problem);
});
