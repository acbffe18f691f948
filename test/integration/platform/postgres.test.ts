/** Pools, transactions and migrations on a real PostgreSQL. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { dumpSchema, migrate, schemaNumber } from '#platform/migrate.ts';
import {
  CommitUnanswered,
  createPool,
  isConnectionLost,
  sqlStateOf,
  waitForSchema,
  withTransaction,
} from '#platform/postgres.ts';
import { openDatabases } from '#test/support/databases.ts';
import type { Databases } from '#test/support/databases.ts';

let databases: Databases;
let pool: pg.Pool;

beforeAll(async () => {
  databases = await openDatabases();
  pool = createPool({
    url: databases.eventStoreUrl('postgres'),
    applicationName: 'platform-test',
    maxConnections: 2,
    statementTimeoutMs: 2000,
    lockTimeoutMs: 100,
  });
  await pool.query('create table accounts (id int primary key, amount bigint check (amount >= 0))');
});

afterAll(async () => {
  await pool.end();
  await databases.close();
});

/** A connection's process on the server. */
async function pidOf(client: pg.ClientBase): Promise<number> {
  const result = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return result.rows[0]?.pid ?? 0;
}

async function terminate(pid: number): Promise<void> {
  await databases.eventStore.query('select pg_terminate_backend($1)', [pid]);
}

test('int8 is bigint, alone and in arrays; a date is its text', async () => {
  const result = await pool.query(`select 9007199254740993::int8 as one,
    array[1, null, -9223372036854775808]::int8[] as list, '{}'::int8[] as none,
    '2026-02-29'::text as text, date '2026-03-01' as day, 7::int4 as small`);
  expect(result.rows).toEqual([
    {
      one: 9007199254740993n,
      list: [1n, null, -9223372036854775808n],
      none: [],
      text: '2026-02-29',
      day: '2026-03-01',
      small: 7,
    },
  ]);
});

test('time-outs are set on every connection', async () => {
  const result = await pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in
     ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') order by name`,
  );
  expect(result.rows.map((row) => row.setting)).toEqual(['5000', '100', '2000']);
});

test('a transaction commits what its function did', async () => {
  const answer = await withTransaction(pool, async (client) => {
    await client.query('insert into accounts values (1, 5)');
    return 'done';
  });
  expect(answer).toBe('done');
  expect((await pool.query('select from accounts where id = 1')).rowCount).toBe(1);
});

test('a transaction whose function throws leaves nothing behind', async () => {
  const failing = withTransaction(pool, async (client) => {
    await client.query('insert into accounts values (2, 5)');
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect((await pool.query('select from accounts where id = 2')).rowCount).toBe(0);
  expect(pool.totalCount).toBe(pool.idleCount);
});

test('a failed transaction that is committed all the same is an error', async () => {
  const failing = withTransaction(pool, async (client) => {
    await client.query('insert into accounts values (1, 5)').catch(() => undefined);
  });
  await expect(failing).rejects.toThrow('COMMIT was answered ROLLBACK');
});

test('errors of the server carry their SQLSTATE', async () => {
  const duplicate = await pool.query('insert into accounts values (1, 5)').catch((e: unknown) => e);
  expect(sqlStateOf(duplicate)).toBe('23505');
  expect(isConnectionLost(duplicate)).toBe(false);
});

test('a connection that is ended in a transaction is lost, and the pool goes on', async () => {
  const failing = withTransaction(pool, async (client) => {
    await terminate(await pidOf(client));
    await client.query('select 1');
  });
  const error = await failing.catch((e: unknown) => e);
  expect(isConnectionLost(error)).toBe(true);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('a COMMIT that is not answered is told apart', async () => {
  // A deferred trigger that waits holds COMMIT on the server.
  await pool.query(`create table slow (id int);
    create function wait() returns trigger language plpgsql
      as 'begin perform pg_sleep(1); return null; end';
    create constraint trigger slow after insert on slow deferrable initially deferred
      for each row execute function wait()`);
  const failing = withTransaction(pool, async (client) => {
    const pid = await pidOf(client);
    await client.query('insert into slow values (1)');
    setTimeout(() => void terminate(pid), 200);
  });
  const error = await failing.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CommitUnanswered);
  expect(isConnectionLost(error)).toBe(true);
});

test('an idle connection that is lost does not end the process', async () => {
  const client = await pool.connect();
  const pid = await pidOf(client);
  client.release();
  await terminate(pid);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('migrations are applied once, in order, each in a transaction of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  const url = pathToFileURL(folder);
  const admin = databases.eventStore;
  const name = `migrated_${process.pid}`;
  await admin.query(`create database ${name}`);
  const target = createPool({
    url: databases.eventStoreUrl('postgres').replace(/[^/]*$/, name),
    applicationName: 'platform-test',
    maxConnections: 2,
  });
  const client = await target.connect();
  try {
    expect(await schemaNumber(client)).toBe(0);
    await writeFile(join(folder, '000001-things.sql'), 'create table things (id int primary key)');
    const second = await target.connect();
    const both = await Promise.all([migrate(client, url), migrate(second, url)]);
    second.release();
    expect(both.flat()).toEqual(['000001-things.sql']);

    await writeFile(join(folder, '000002-more.sql'), 'create table more (id int); select 1 / 0;');
    await expect(migrate(client, url)).rejects.toThrow('migration 000002-more.sql failed');
    expect(await schemaNumber(client)).toBe(1);

    await writeFile(
      join(folder, '000002-more.sql'),
      `create table more (id int, note text default 'x');
      comment on table more is 'More.';
      create index more_id on more (id)`,
    );
    const waiting = waitForSchema(target, 2, {
      log: silentLogger,
      stopping: new AbortController().signal,
    });
    expect(await migrate(client, url)).toEqual(['000002-more.sql']);
    await waiting;
    expect(await migrate(client, url)).toEqual([]);

    const dump = await dumpSchema(client);
    expect(dump).toContain("create table more (\n  id integer,\n  note text default 'x'::text\n);");
    expect(dump).toContain("comment on table more is 'More.';");
    expect(dump).toContain(
      'create table things (\n  id integer not null,\n' +
        '  constraint things_pkey PRIMARY KEY (id)\n);',
    );
    expect(dump).toContain('CREATE INDEX more_id ON public.more USING btree (id);');
    expect(dump).toContain('grant select on migrations to public;');

    await writeFile(join(folder, '000001-things.sql'), 'create table things (id bigint)');
    await expect(migrate(client, url)).rejects.toThrow('000001-things.sql is not what was applied');

    await writeFile(join(folder, '000004-gap.sql'), 'select 1');
    await expect(migrate(client, url)).rejects.toThrow('000004-gap.sql');
  } finally {
    client.release();
    await target.end();
    await admin.query(`drop database ${name} with (force)`);
    await rm(folder, { recursive: true });
  }
});

test('waiting for a schema ends when the service stops', async () => {
  const stop = new AbortController();
  const waiting = waitForSchema(pool, 9999, { log: silentLogger, stopping: stop.signal });
  setTimeout(() => stop.abort(new Error('stopping')), 50);
  await expect(waiting).rejects.toThrow('stopping');
});
