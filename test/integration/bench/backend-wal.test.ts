/**
 * What backends of a real server tell of their WAL: a connection that has written much and is
 * closed while the meter runs must not make the run's WAL negative.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBackendWal, WalSums } from '#test/bench/backend-wal.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { until } from '#test/support/until.ts';

const MUCH_BYTES = 1_000_000;
let stores: Databases;

beforeAll(async () => {
  stores = await openDatabases();
});
afterAll(() => stores.close());

test('a connection that is closed takes nothing of the sum with it', async () => {
  const { eventStore } = stores;
  const { rows } = await eventStore.query<{ name: string }>('select current_database() as name');
  const databases = rows.map(({ name }) => name);
  const told = async (): Promise<number> => {
    const backends = await readBackendWal(eventStore, databases);
    return backends.reduce((sum, { bytes }) => sum + bytes, 0);
  };
  const writer = await eventStore.connect();
  await writer.query('create table filler (bytes bytea)');
  await writer.query(
    `insert into filler select decode(repeat('00', 1000), 'hex') from generate_series(1, 2000)`,
  );
  await writer.query('select pg_stat_force_next_flush()');
  await until('the writer has told its WAL', async () => (await told()) > MUCH_BYTES);
  const sums = new WalSums(await readBackendWal(eventStore, databases));
  writer.release(true);
  await until('its backend has ended', async () => (await told()) < MUCH_BYTES);
  sums.add(await readBackendWal(eventStore, databases));
  expect(sums.byDatabase()[databases[0] ?? '']).toBeGreaterThanOrEqual(0);
});
