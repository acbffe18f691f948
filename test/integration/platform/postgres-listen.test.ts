/** Hearing notices on a real PostgreSQL, over the loss of the connection. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { listen } from '#platform/postgres-listen.ts';
import { openDatabases } from '#test/support/databases.ts';
import type { Databases } from '#test/support/databases.ts';
import { until } from '#test/support/until.ts';

let databases: Databases;
beforeAll(async () => {
  databases = await openDatabases();
});
afterAll(() => databases.close());

const NAME = 'listen-test';

test('hears its channel, begins again after a loss, and ends', async () => {
  const { eventStore } = databases;
  const heard: string[] = [];
  let begun = 0;
  const listener = listen({
    url: databases.eventStoreUrl('postgres'),
    applicationName: NAME,
    channel: 'listen_test',
    log: silentLogger,
    onNotice: (payload) => heard.push(payload),
    onListening: () => begun++,
  });
  const notify = (payload: string) =>
    eventStore.query('select pg_notify($1, $2)', ['listen_test', payload]);
  const connections = async () => {
    const sql = 'select from pg_stat_activity where application_name = $1';
    return (await eventStore.query(sql, [NAME])).rowCount;
  };
  await until('it listens', () => begun === 1);
  await notify('one');
  await until('the first notice', () => heard.length === 1);
  await eventStore.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    [NAME],
  );
  await until('it listens again', () => begun === 2);
  await notify('two');
  await until('the second notice', () => heard.length === 2);
  expect(heard).toEqual(['one', 'two']);
  await listener.close();
  await until('the connection has ended', async () => (await connections()) === 0);
  expect(begun).toBe(2);
});
