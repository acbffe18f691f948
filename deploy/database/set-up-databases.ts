// Makes both databases ready for the services: databases, tables, publication, roles, grants, and
// the rows that must be there from the start. Run by an owner, as often as one likes: what is there
// already stays, and a partition count that differs from the stored one is an error.
import pg from 'pg';
import { migrate } from '#platform/migrate.ts';
import { postgresConnection } from '#platform/postgres-connection.ts';
import { sqlStateOf } from '#platform/sql-states.ts';
import { grantEventStore, grantProjectionStore } from './grants.ts';
import { refuseWithRebuild } from './open-rebuild.ts';
import { makePublication } from './publication.ts';
import { makeRoles } from './roles.ts';
import type { RolePasswords } from './roles.ts';

const EVENT_STORE_MIGRATIONS = new URL('../../command-svc/migrations/', import.meta.url);
const PROJECTION_STORE_MIGRATIONS = new URL('../../projector-svc/migrations/', import.meta.url);
const CONNECT_TIMEOUT_MS = 10_000;
const NO_SUCH_DATABASE = '3D000';
const DATABASE_EXISTS = '42P04';

export type SetUpOptions = {
  /** As the owner; the databases that they name may not exist yet. */
  eventStoreUrl: string;
  projectionStoreUrl: string;
  partitions: number;
  passwords: RolePasswords;
  /** Told what was done, a sentence a step. */
  onStep: (text: string) => void;
};

export async function setUpDatabases(options: SetUpOptions): Promise<void> {
  const { eventStoreUrl, projectionStoreUrl, passwords, partitions, onStep } = options;
  const eventStore = await open('event store', eventStoreUrl, onStep);
  const projectionStore = await open('projection store', projectionStoreUrl, onStep);
  try {
    await makeRoles(eventStore, ['bank_command', 'bank_projector', 'bank_cdc'], passwords);
    await makeRoles(projectionStore, ['bank_projector', 'bank_query'], passwords);
    // The one that may be refused first, so that nothing is half done.
    const projectionApplied = await migrate(projectionStore, PROJECTION_STORE_MIGRATIONS, () =>
      refuseWithRebuild(projectionStore),
    );
    const eventStoreApplied = await migrate(eventStore, EVENT_STORE_MIGRATIONS);
    for (const name of [...projectionApplied, ...eventStoreApplied]) onStep(`applied ${name}`);
    if (await makePublication(eventStore)) onStep('made the publication bank_outbox');
    await writeLedger(eventStore, partitions);
    await writeRows(eventStore, 'partition_heads', partitions);
    await writeRows(projectionStore, 'projected_heads', partitions);
    await grantEventStore(eventStore);
    await grantProjectionStore(projectionStore);
  } finally {
    await Promise.all([eventStore.end(), projectionStore.end()]);
  }
}

async function open(
  store: 'event store' | 'projection store',
  url: string,
  onStep: (text: string) => void,
): Promise<pg.Client> {
  try {
    return await connectOrCreate(url, onStep);
  } catch (error) {
    const variable = `BANK_ADMIN_${store.replace(' ', '_').toUpperCase()}_URL`;
    throw new Error(`the ${store} cannot be opened (${variable})`, { cause: error });
  }
}

async function connectOrCreate(url: string, onStep: (text: string) => void): Promise<pg.Client> {
  try {
    return await connect(url);
  } catch (error) {
    if (sqlStateOf(error) !== NO_SUCH_DATABASE) throw error;
  }
  const database = decodeURIComponent(new URL(url).pathname.slice(1));
  const maintenance = await connect(Object.assign(new URL(url), { pathname: '/postgres' }).href);
  try {
    await maintenance.query(`create database ${maintenance.escapeIdentifier(database)}`);
    onStep(`made the database ${database}`);
  } catch (error) {
    if (sqlStateOf(error) !== DATABASE_EXISTS) throw error; // somebody was faster
  } finally {
    await maintenance.end();
  }
  return connect(url);
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    ...postgresConnection(url),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'bank-db-setup',
  });
  client.on('error', () => undefined); // the query in flight, or the next one, fails with it
  await client.connect();
  return client;
}

async function writeLedger(client: pg.Client, partitions: number): Promise<void> {
  await client.query(
    'insert into ledger (partition_count) values ($1) on conflict (only_row) do nothing',
    [partitions],
  );
  const { rows } = await client.query<{ partition_count: number }>(
    'select partition_count from ledger',
  );
  const stored = rows[0]?.partition_count;
  if (stored === partitions) return;
  throw new Error(
    `BANK_PARTITIONS=${partitions}: the event store was set up with ${stored} partitions, ` +
      'and their number cannot be changed',
  );
}

async function writeRows(
  client: pg.Client,
  table: 'partition_heads' | 'projected_heads',
  partitions: number,
): Promise<void> {
  await client.query(
    `insert into ${table} (partition) select generate_series(0, $1::int - 1)
     on conflict do nothing`,
    [partitions],
  );
}
