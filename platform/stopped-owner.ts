/**
 * Who waits for a stopped owner. A process that is stopped in the middle of its transaction holds
 * what it has locked; the server's time-outs do not reach a backend that waits for its client in
 * the middle of a COPY. So a writer that has waited long asks who blocks it, and a holder whose
 * transaction is old and that waits for its client is ended. Losing the question loses
 * nothing: the writer runs into its lock_timeout and tries again. Also ends the backend of a write
 * whose answer was lost, if it still runs.
 */
import type { ClientBase, Pool, PoolClient } from 'pg';
import type { Logger } from '#platform/logger.ts';
import { isRolledBack } from './sql-states.ts';

export type StoppedOwnerLimits = {
  /** How long a statement waits before someone looks who blocks it; below the lock_timeout. */
  readonly lookAfterMs: number;
  /** A blocking transaction younger than this is left alone. */
  readonly transactionAgeMs: number;
};

const END_BLOCKERS = `
  select a.pid, a.application_name, pg_terminate_backend(a.pid) as ended
    from unnest(pg_blocking_pids($1)) as b(pid)
    join pg_stat_activity a on a.pid = b.pid
   where a.wait_event_type = 'Client'
     and a.xact_start < clock_timestamp() - $2 * interval '1 millisecond'`;

const END_BACKEND = `
  select pg_terminate_backend(pid) as ended from pg_stat_activity
   where pid = $1 and backend_start = $2`;

export type Backend = { readonly pid: number; readonly startedAt: string };

const backends = new WeakMap<ClientBase, Backend>();

/** The server's process behind a connection. Asked once a connection. */
export async function backendOf(client: ClientBase): Promise<Backend> {
  const known = backends.get(client);
  if (known !== undefined) return known;
  const { rows } = await client.query<{ pid: number; started_at: string }>(
    `select pid, backend_start::text as started_at from pg_stat_activity
      where pid = pg_backend_pid()`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error("the server does not show this connection's backend");
  const backend = { pid: row.pid, startedAt: row.started_at };
  backends.set(client, backend);
  return backend;
}

/**
 * Runs statements that may wait for another's locks, and looks after the one that does not let go.
 */
export async function watchingBlockers<T>(
  watchPool: Pool,
  waiting: Backend,
  limits: StoppedOwnerLimits,
  log: Logger,
  fn: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => {
    endBlockers(watchPool, waiting.pid, limits, log).catch((error: unknown) => {
      log.warn('Could not look who blocks a write.', { err: error });
    });
  }, limits.lookAfterMs);
  try {
    return await fn();
  } finally {
    clearTimeout(timer);
  }
}

export type Watch = {
  /** Asks who blocks a statement: never used by those statements themselves. */
  readonly watchPool: Pool;
  readonly stoppedOwner: StoppedOwnerLimits;
  readonly log: Logger;
};

/**
 * One message on a connection of the pool, looked after while it waits. Unless the server itself
 * says that it failed, nobody knows what became of it, and the connection is thrown away.
 */
export async function sendWatched<T>(
  pool: Pool,
  { watchPool, stoppedOwner, log }: Watch,
  send: (client: PoolClient, backend: Backend) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let isBroken = false;
  try {
    const backend = await backendOf(client);
    return await watchingBlockers(watchPool, backend, stoppedOwner, log, () =>
      send(client, backend),
    );
  } catch (error) {
    isBroken = !isRolledBack(error);
    throw error;
  } finally {
    client.release(isBroken);
  }
}

async function endBlockers(
  watchPool: Pool,
  waitingPid: number,
  limits: StoppedOwnerLimits,
  log: Logger,
): Promise<void> {
  const values = [waitingPid, limits.transactionAgeMs];
  const { rows } = await watchPool.query<{ pid: number; application_name: string }>(
    END_BLOCKERS,
    values,
  );
  for (const row of rows) {
    log.warn('Ended a stopped owner that blocked a write.', {
      pid: row.pid,
      application: row.application_name,
    });
  }
}

/** Ends a backend whose answer nobody will read. It may be gone already. */
export async function endBackend(watchPool: Pool, backend: Backend): Promise<void> {
  await watchPool.query(END_BACKEND, [backend.pid, backend.startedAt]);
}
