/**
 * Connections of the owner, for commands that look after the stores: addresses and passwords come
 * from the variables that db:setup reads, and what cannot be reached is named by its variable.
 */
import pg from 'pg';
import { envText, parseEnv } from '#platform/config.ts';
import { postgresConnection } from '#platform/postgres-connection.ts';
import { PLAINTEXT_ENV } from '#platform/plaintext.ts';
import { checkAddresses } from '#platform/transport-settings.ts';
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
    ...postgresConnection(readVariable(variable)),
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
  const named = z.object({ [variable]: envText() });
  const schema = z.intersection(z.object(PLAINTEXT_ENV), named).transform((env, ctx) => {
    checkAddresses(env, { urls: { [variable]: env[variable] } }, ctx);
    return env[variable] ?? '';
  });
  return parseEnv(schema, process.env);
}
