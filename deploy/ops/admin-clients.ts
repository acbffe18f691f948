/**
 * Connections of the owner, for commands that look after the stores: addresses and passwords come
 * from the variables that db:setup reads, and what cannot be reached is named by its variable.
 */
import pg from 'pg';
import { envText, parseEnv } from '#platform/config.ts';
import { z } from 'zod';

const CONNECT_TIMEOUT_MS = 10_000;

export type StoreVariable = 'BANK_ADMIN_EVENT_STORE_URL' | 'BANK_ADMIN_PROJECTION_STORE_URL';

/** Ends the connection, whatever work does. */
export async function asOwner<T>(
  variable: StoreVariable,
  work: (client: pg.Client) => Promise<T>,
  replication = false,
): Promise<T> {
  const client = new pg.Client({
    connectionString: readVariable(variable),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'bank-ops',
    keepAlive: true,
    ...(replication ? { replication: 'true' } : {}),
  });
  client.on('error', () => undefined); // the query in flight, or the next one, fails with it
  try {
    await client.connect();
  } catch (cause) {
    throw new Error(`${variable}: cannot be opened`, { cause });
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function readVariable(variable: StoreVariable): string {
  const schema = z.object({ [variable]: envText() });
  return parseEnv(schema, process.env)[variable] ?? '';
}
