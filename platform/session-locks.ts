/**
 * Advisory locks on a connection of their own: one replica at a time does what the lock stands for.
 * They end with the connection. They save work and noise, never correctness: whatever they guard is
 * safe without them. A store that cannot be reached answers that the lock is not to be had; a
 * connection that has failed is ended, and its locks with it.
 */
import pg from 'pg';
import type { Logger } from './logger.ts';
import { postgresConnection } from './postgres-connection.ts';

const SESSION_LOCKS = {
  connectTimeoutMs: 5000,
  statementTimeoutMs: 5000,
  /** For an answer that does not come: the server's own time-out comes first. */
  answerMs: 6000,
  keepAliveDelayMs: 10_000,
} as const;

export type SessionLocks = {
  /** true also when this process holds it already: however often it is asked for, it is one. */
  tryLock(id: number): Promise<boolean>;
  unlock(id: number): Promise<void>;
  close(): Promise<void>;
};

/** lockClass keeps the ids of different purposes apart. */
export type SessionLocksOptions = {
  url: string;
  applicationName: string;
  lockClass: number;
  log: Logger;
};

/** A connection of pg, or in a test what stands for one. */
export type LockClient = {
  connect(): Promise<unknown>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  query(sql: string, values: number[]): Promise<{ rows: { yes: boolean }[] }>;
};

type Session = { client: LockClient; connected: Promise<unknown> };

export function createSessionLocks(
  options: SessionLocksOptions,
  newClient: (options: SessionLocksOptions) => LockClient = newConnection,
): SessionLocks {
  let current: Session | undefined;
  const held = new Set<number>();
  const asking = new Map<number, Promise<boolean>>();

  const giveUp = (session: Session): void => {
    if (session === current) {
      current = undefined;
      held.clear();
    }
    // A session that lives on would keep its locks from everybody. Often it is gone already.
    session.client.end().catch(() => undefined);
  };
  const open = (): Session => {
    const client = newClient(options);
    const session = { client, connected: client.connect() };
    client.on('error', (error) => {
      if (session !== current) return; // given up before; its end is no news
      options.log.warn('The connection that holds advisory locks was lost.', { err: error });
      giveUp(session);
    });
    return session;
  };
  const ask = async (sql: string, id: number): Promise<boolean> => {
    const session = (current ??= open());
    try {
      await session.connected;
      const { rows } = await session.client.query(sql, [options.lockClass, id]);
      return session === current && rows[0]?.yes === true;
    } catch (error) {
      options.log.warn('Could not ask for an advisory lock.', { err: error });
      giveUp(session);
      return false;
    }
  };
  const lock = async (id: number): Promise<boolean> => {
    const locked = await ask('select pg_try_advisory_lock($1, $2) as yes', id);
    if (locked) held.add(id);
    return locked;
  };
  return {
    async tryLock(id) {
      if (held.has(id)) return true;
      // The server counts: a second one of the same session would outlive the unlock.
      const asked = asking.get(id) ?? lock(id).finally(() => asking.delete(id));
      asking.set(id, asked);
      return await asked;
    },
    async unlock(id) {
      if (held.delete(id)) await ask('select pg_advisory_unlock($1, $2) as yes', id);
    },
    async close() {
      const session = current;
      current = undefined;
      held.clear();
      await session?.connected.catch(() => undefined); // never opened: nothing to end
      await session?.client.end();
    },
  };
}

function newConnection({ url, applicationName }: SessionLocksOptions): LockClient {
  return new pg.Client({
    ...postgresConnection(url),
    application_name: applicationName,
    connectionTimeoutMillis: SESSION_LOCKS.connectTimeoutMs,
    statement_timeout: SESSION_LOCKS.statementTimeoutMs,
    query_timeout: SESSION_LOCKS.answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: SESSION_LOCKS.keepAliveDelayMs,
  });
}
