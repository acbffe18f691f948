/**
 * What each role may not do, tried on both stores as a set-up leaves them: each forbidden thing is
 * refused for want of rights, and what a service needs is not.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantEventStore, grantProjectionStore } from '#deploy/database/grants.ts';
import { sqlStateOf } from '#platform/sql-states.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import type { StackRole } from '#test/support/stack-facts.ts';

const DENIED = '42501';
type Store = 'eventStore' | 'projectionStore';

let databases: Databases;
const clients = new Map<string, pg.Client>();

beforeAll(async () => {
  databases = await openDatabases();
  // What stands with the database itself is not copied from the template.
  const owners: [Store, typeof grantEventStore][] = [
    ['eventStore', grantEventStore],
    ['projectionStore', grantProjectionStore],
  ];
  for (const [store, grant] of owners) await grant(await clientOf(store, 'postgres'));
});

afterAll(async () => {
  await Promise.all([...clients.values()].map((client) => client.end()));
  await databases.close();
});

async function clientOf(store: Store, role: StackRole): Promise<pg.Client> {
  const known = clients.get(store + role);
  if (known !== undefined) return known;
  const url = store === 'eventStore' ? databases.eventStoreUrl : databases.projectionStoreUrl;
  const client = new pg.Client(url(role));
  await client.connect();
  clients.set(store + role, client);
  return client;
}

/** The SQLSTATE of what the statement ends with; empty: it may be done. Nothing is left of it. */
async function outcome(store: Store, role: StackRole, sql: string): Promise<string> {
  const client = await clientOf(store, role);
  await client.query('begin');
  try {
    await client.query(sql);
    return '';
  } catch (error) {
    return sqlStateOf(error) ?? String(error);
  } finally {
    await client.query('rollback');
  }
}

async function tablesOf(store: Store): Promise<string[]> {
  const owner = await clientOf(store, 'postgres');
  const { rows } = await owner.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
  );
  return rows.map(({ name }) => name);
}

const columnOf = async (store: Store, table: string): Promise<string> => {
  const owner = await clientOf(store, 'postgres');
  const { rows } = await owner.query<{ name: string }>(
    `select attname as name from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and attidentity = '' order by attnum limit 1`,
    [table],
  );
  return rows[0]?.name ?? '';
};

/** Every way to change a table, but for what is allowed. */
async function writesTo(store: Store, table: string): Promise<Record<string, string>> {
  const column = await columnOf(store, table);
  return {
    insert: `insert into ${table} default values`,
    update: `update ${table} set ${column} = ${column}`,
    delete: `delete from ${table}`,
    truncate: `truncate ${table} cascade`,
  };
}

const SCHEMA_CHANGES = [
  'create table mine (a integer)',
  'create temporary table mine (a integer)',
  'create schema mine',
  'create function mine() returns integer language sql as $$ select 1 $$',
  'drop table migrations',
  'create role mine',
  'create publication mine for all tables',
];
/** Of each role in the store that it logs in to: what its tables allow, and what it may read. */
const ROLES: [Store, StackRole, { writes: Record<string, string[]>; reads: string[] | 'all' }][] = [
  [
    'eventStore',
    'bank_command',
    {
      writes: {
        events: ['insert'],
        outbox: ['insert'],
        audit: ['insert'],
        open_holds: ['insert', 'delete'],
        ended_holds: ['insert'],
        reversals: ['insert'],
        submissions: ['insert', 'delete'],
        submission_claims: ['insert', 'delete'],
        submission_batches: ['insert'],
        rejections: ['insert'],
        key_encryption_keys: ['insert'],
        owner_keys: ['insert'],
        account_keys: ['insert'],
      },
      reads: 'all',
    },
  ],
  ['eventStore', 'bank_projector', { writes: {}, reads: 'all' }],
  [
    'eventStore',
    'bank_cdc',
    { writes: { cdc_heartbeat: ['insert', 'delete'] }, reads: ['outbox', 'cdc_heartbeat'] },
  ],
  [
    'projectionStore',
    'bank_query',
    { writes: {}, reads: ['balances', 'entries', 'entry_links', 'open_holds', 'migrations'] },
  ],
];

describe.each(ROLES)('in the %s %s', (store, role, { writes, reads }) => {
  it('changes nothing that it need not', async () => {
    const found: Record<string, string[]> = {};
    for (const table of await tablesOf(store)) {
      for (const [way, sql] of Object.entries(await writesTo(store, table))) {
        if ((await outcome(store, role, sql)) !== DENIED) (found[table] ??= []).push(way);
      }
    }
    expect(found).toEqual(writes);
  });

  it('reads nothing that it need not', async () => {
    if (reads === 'all') return;
    const found: string[] = [];
    for (const table of await tablesOf(store)) {
      if ((await outcome(store, role, `select from ${table}`)) !== DENIED) found.push(table);
    }
    expect(found).toEqual(reads.toSorted());
  });

  it.each(SCHEMA_CHANGES)('is refused: %s', async (sql) => {
    expect(await outcome(store, role, sql)).toBe(DENIED);
  });
});

it('the projector changes its store, but for audit, migrations and schema', async () => {
  const store = 'projectionStore';
  const refused: string[] = [];
  for (const table of await tablesOf(store)) {
    for (const [way, sql] of Object.entries(await writesTo(store, table))) {
      if (way === 'truncate') expect(await outcome(store, 'bank_projector', sql)).toBe(DENIED);
      else if ((await outcome(store, 'bank_projector', sql)) === DENIED) {
        refused.push(`${way} ${table}`);
      }
    }
  }
  expect(refused).toEqual([
    'update audit',
    'delete audit',
    'insert migrations',
    'update migrations',
    'delete migrations',
  ]);
  for (const sql of SCHEMA_CHANGES) {
    expect(await outcome(store, 'bank_projector', sql), sql).toBe(DENIED);
  }
});

it.each([
  ['eventStore', 'bank_command', 'update partition_heads set partition = partition', DENIED],
  ['eventStore', 'bank_command', 'update submissions set tenant = tenant', DENIED],
  ['eventStore', 'bank_command', 'update open_holds set account_id = account_id', DENIED],
  ['eventStore', 'bank_command', 'update owner_keys set tenant = tenant', DENIED],
  ['eventStore', 'bank_command', 'update owner_keys set wrapped_key = null', ''],
  ['eventStore', 'bank_command', 'update partition_heads set seq = seq', ''],
  ['eventStore', 'bank_command', 'select from submissions for no key update', ''],
  ['eventStore', 'bank_command', 'select from submission_claims for key share', ''],
  ['eventStore', 'bank_command', 'select from partition_heads for no key update', ''],
  ['eventStore', 'bank_cdc', 'select append_holds(null)', DENIED],
  ['eventStore', 'bank_projector', 'select append_holds(null)', DENIED],
  ['eventStore', 'bank_projector', 'update owner_keys set wrapped_key = null', DENIED],
  ['projectionStore', 'bank_query', 'select drop_rebuild()', DENIED],
  ['projectionStore', 'bank_query', 'select make_rebuild()', DENIED],
] as const)('in the %s %s: %s ends with "%s"', async (store, role, sql, state) => {
  expect(await outcome(store, role, sql)).toBe(state);
});

it.each([
  ['eventStore', 'bank_query'],
  ['projectionStore', 'bank_command'],
  ['projectionStore', 'bank_cdc'],
] as const)('the %s lets %s not in', async (store, role) => {
  await expect(clientOf(store, role)).rejects.toMatchObject({ code: DENIED });
});
