/**
 * A copy of the event store as it is at one moment, and the failover to it: the copy takes the
 * store's name, as a standby that lagged behind takes its place. It has no replication slot, and
 * what was stored after the copy was made is gone. Both steps end every session of the store.
 */
import { createPool } from '#platform/postgres.ts';
import { EVENT_STORE, SLOT, type Stack } from '#deploy/local/stack.ts';
import { until } from '#test/support/until.ts';
import type pg from 'pg';

const COPY = `${EVENT_STORE}_copy`;
const LOST = `${EVENT_STORE}_lost`;
const UNTIL = { timeoutMs: 60_000, everyMs: 50 } as const;

export async function copyEventStore(stack: Stack): Promise<void> {
  await withServer(stack, async (server) => {
    await withoutSessions(server, EVENT_STORE, async () => {
      await server.query(`create database ${COPY} template ${EVENT_STORE}`);
    });
  });
}

export async function failOverToCopy(stack: Stack): Promise<void> {
  await withServer(stack, async (server) => {
    await withoutSessions(server, EVENT_STORE, async () => {
      const drop =
        'select pg_drop_replication_slot($1) from pg_replication_slots where slot_name = $1';
      await server.query(drop, [SLOT]);
      await server.query(`alter database ${EVENT_STORE} rename to ${LOST}`);
      await server.query(`alter database ${COPY} rename to ${EVENT_STORE}`);
    });
  });
}

async function withServer(stack: Stack, work: (server: pg.Pool) => Promise<void>): Promise<void> {
  const url = stack.postgresUrl('postgres', 'postgres');
  const server = createPool({ url, applicationName: 'bank-failover', maxConnections: 1 });
  try {
    await work(server);
  } finally {
    await server.end();
  }
}

/** Nobody is in the database, and nobody comes in, while the work is done. */
async function withoutSessions(
  server: pg.Pool,
  database: string,
  work: () => Promise<void>,
): Promise<void> {
  await server.query(`alter database ${database} allow_connections false`);
  try {
    await until(
      `nobody is in ${database}`,
      async () => {
        const { rowCount } = await server.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
          [database],
        );
        return rowCount === 0;
      },
      UNTIL,
    );
    await work();
  } finally {
    // Under whatever name it has now.
    await server.query('update pg_database set datallowconn = true where datname like $1', [
      `${database}%`,
    ]);
  }
}
