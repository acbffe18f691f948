// Connections to PostgreSQL: a bounded pool with every time-out set, and a transaction that counts
// as committed only when the server has said COMMIT. int8 comes as bigint, date as its text, on
// these pools only. A lost idle connection is logged and replaced; it never ends the process.
import pg from 'pg';
import type { Logger } from './logger.ts';
import { watchPool } from './pool-metrics.ts';
import { isConnectionLost, isRolledBack } from './sql-states.ts';

export {
  SQL_STATE,
  constraintOf,
  isConnectionLost,
  isRolledBack,
  sqlStateOf,
} from './sql-states.ts';
export { NotSetUp, waitForSchema, whenThere } from './wait-for-store.ts';

const CONNECT_TIMEOUT_MS = 5000;
const IDLE_IN_TRANSACTION_MS = 5000;
const KEEP_ALIVE_DELAY_MS = 10_000;
const IDLE_CONNECTION_MS = 60_000;
/** Above every statement_timeout of ours: only a server that is gone stays silent for so long. */
const ANSWER_TIMEOUT_MS = 35_000;

export type PoolOptions = {
  url: string;
  applicationName: string;
  maxConnections: number;
  statementTimeoutMs?: number;
  lockTimeoutMs?: number;
  /** Server settings of every connection, beside the time-outs: names and values without spaces. */
  settings?: Readonly<Record<string, string>>;
  /** A query without an answer for so long rejects; its connection must be thrown away. */
  answerTimeoutMs?: number;
  connectTimeoutMs?: number;
  /** What metrics call it; without one they do not tell of it. */
  metricName?: string;
  log?: Logger;
};

export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    ...(options.statementTimeoutMs === undefined
      ? {}
      : { statement_timeout: options.statementTimeoutMs }),
    ...(options.lockTimeoutMs === undefined ? {} : { lock_timeout: options.lockTimeoutMs }),
    ...(options.settings === undefined ? {} : { options: commandLine(options.settings) }),
    types: resultTypes(),
  });
  // Without a listener of its own a connection that breaks while it is checked out would end the
  // process.
  pool.on('connect', (client) => client.on('error', onConnectionError));
  pool.on('error', (error) => {
    options.log?.warn('A connection to PostgreSQL was lost.', { err: error });
  });
  const { metricName, maxConnections } = options;
  if (metricName !== undefined) watchPool(pool, metricName, maxConnections);
  return pool;
}

function commandLine(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}

/** COMMIT was sent and not answered: the transaction may or may not have been committed. */
export class CommitUnanswered extends Error {
  override readonly name = 'CommitUnanswered';
}

/** Runs fn in a transaction. Whatever it throws rolls back; resolves only after the tag COMMIT. */
export async function withTransaction<T>(
  pool: pg.Pool,
  fn: (client: pg.PoolClient) => Promise<T>,
  begin = 'begin',
): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query(begin);
    const result = await fn(client);
    await commit(client);
    return result;
  } catch (error) {
    broken = isConnectionLost(error) || !(await rolledBack(client));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Runs fn, which only reads: all of its statements see the same moment. Keep it short. */
export function withSnapshot<T>(
  pool: pg.Pool,
  fn: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return withTransaction(pool, fn, 'begin isolation level repeatable read, read only');
}

/** Sends COMMIT; throws when the server answers ROLLBACK, or not at all. */
export async function commit(client: pg.ClientBase): Promise<void> {
  let tag: string;
  try {
    tag = (await client.query('commit')).command;
  } catch (error) {
    if (isRolledBack(error)) throw error;
    throw new CommitUnanswered('COMMIT was not answered', { cause: error });
  }
  if (tag !== 'COMMIT') throw new Error(`the transaction had failed: COMMIT was answered ${tag}`);
}

/** False: the connection cannot be used any more. */
export async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false; // the caller gets the first error; the connection is thrown away
  }
}

function onConnectionError(): void {
  // The query in flight, the next one, or the pool's own 'error' event reports it.
}

const OID = { int8: 20, date: 1082, int8Array: 1016 } as const;

function resultTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser<bigint>(OID.int8, BigInt);
  types.setTypeParser<(bigint | null)[]>(OID.int8Array, parseInt8Array);
  types.setTypeParser<string>(OID.date, (text) => text);
  return types;
}

function parseInt8Array(text: string): (bigint | null)[] {
  const items = text === '{}' ? [] : text.slice(1, -1).split(',');
  return items.map((item) => (item === 'NULL' ? null : BigInt(item)));
}
