/**
 * Emmett's PostgreSQL event store: one append of one event a deposit, to a stream an account, by so
 * many clients at once. No read before it and no expected version: its append at its best.
 */
import {
  getPostgreSQLEventStore,
  type PostgresEventStore,
} from '@event-driven-io/emmett-postgresql';
import type { Event } from '@event-driven-io/emmett';
import pg from 'pg';
import { requireEqual } from '../check-failed.ts';
import { CLIENT_COUNTS, runClients } from './timed-clients.ts';

type MoneyDeposited = Event<
  'MoneyDeposited',
  { amountMinor: number; currencyCode: string; reference: string; balanceMinor: number }
>;

export type EmmettPeer = {
  /** Appends a second with so many clients. Starts from an empty store. */
  readonly run: (accounts: readonly string[], clients: number, forMs: number) => Promise<number>;
  readonly close: () => Promise<void>;
};

export async function openEmmett(databaseUrl: string): Promise<EmmettPeer> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: Math.max(...CLIENT_COUNTS) });
  const store = getPostgreSQLEventStore(databaseUrl, { connectionOptions: { pool } });
  await store.schema.migrate();
  return {
    run: (accounts, clients, forMs) => runAppends(store, pool, accounts, clients, forMs),
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

async function runAppends(
  store: PostgresEventStore,
  pool: pg.Pool,
  accounts: readonly string[],
  clients: number,
  forMs: number,
): Promise<number> {
  await store.schema.dangerous.truncate({ resetSequences: true });
  let next = 0;
  const { done, perSecond } = await runClients(clients, forMs, async () => {
    const account = accounts[next++ % accounts.length] ?? '';
    const data = { amountMinor: 125, currencyCode: 'EUR', reference: 'salary', balanceMinor: next };
    await store.appendToStream<MoneyDeposited>(`account-${account}`, [
      { type: 'MoneyDeposited', data },
    ]);
  });
  const { rows } = await pool.query<{ count: string }>('select count(*) from emt_messages');
  requireEqual('appends of Emmett', Number(rows[0]?.count), done);
  return perSecond;
}
