/**
 * For integration tests: a pair of databases of a file's own, copied from the templates in a few
 * tens of milliseconds, with all tables, roles' grants and the rows that a set-up makes. Dropped
 * when closed.
 */
import type pg from 'pg';
import { inject } from 'vitest';
import { createPool } from '#platform/postgres.ts';
import { databaseUrl, TEMPLATES, type StackRole } from '#test/support/stack-facts.ts';
import type { Stores } from '#test/support/stored-rows.ts';

export type Databases = Stores & {
  eventStoreUrl: (role: StackRole) => string;
  projectionStoreUrl: (role: StackRole) => string;
  close: () => Promise<void>;
};

const CONNECTIONS_MAX = 4;
let copies = 0;

/** The pools are the owner's: a test looks at and plants what it likes. */
export async function openDatabases(): Promise<Databases> {
  const facts = inject('stack');
  const url = (role: StackRole, database: string): string =>
    databaseUrl(facts, role, database, facts.postgres);
  const pool = (database: string, maxConnections: number): pg.Pool =>
    createPool({ url: url('postgres', database), applicationName: 'bank-test', maxConnections });
  const suffix = `${process.pid}_${++copies}`;
  const names = { eventStore: `events_${suffix}`, projectionStore: `projections_${suffix}` };
  const admin = pool('postgres', 1);
  await admin.query(`create database ${names.eventStore} template ${TEMPLATES.eventStore}`);
  await admin.query(
    `create database ${names.projectionStore} template ${TEMPLATES.projectionStore}`,
  );
  const eventStore = pool(names.eventStore, CONNECTIONS_MAX);
  const projectionStore = pool(names.projectionStore, CONNECTIONS_MAX);
  return {
    eventStore,
    projectionStore,
    eventStoreUrl: (role) => url(role, names.eventStore),
    projectionStoreUrl: (role) => url(role, names.projectionStore),
    close: async () => {
      await Promise.all([eventStore.end(), projectionStore.end()]);
      for (const name of Object.values(names)) {
        await admin.query(`drop database ${name} with (force)`);
      }
      await admin.end();
    },
  };
}
