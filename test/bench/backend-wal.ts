/**
 * The WAL that the backends of each database write during a run. PostgreSQL tells it of living
 * backends only: a sum over those of the moment falls when an idle connection is closed, by all
 * that it has ever written. So each backend is followed by itself, and one that has ended counts
 * with what was last read of it.
 */
import type { Pool } from 'pg';
import { sleep } from '#platform/waiting.ts';

/** An idle backend tells what it has written within 10 s; there is no notice of it. */
const BACKEND_STATISTICS_MS = 10_500;
/** A pool closes connections that were idle for a minute: so often that their last word is read. */
const READ_EVERY_MS = 5_000;

/** One backend's bytes since its start, as far as it has told. */
export type BackendWal = {
  /** Its process and start: process ids come again. */
  readonly backend: string;
  readonly database: string;
  readonly bytes: number;
};

/** The bytes of each database while `run` ran. Any pool of the server will do. */
export async function walDuring<T>(
  pool: Pool,
  databases: readonly string[],
  run: () => Promise<T>,
): Promise<{ result: T; written: Record<string, number> }> {
  await sleep(BACKEND_STATISTICS_MS);
  const sums = new WalSums(await readBackendWal(pool, databases));
  const ending = new AbortController();
  const reading = readOn(pool, databases, sums, ending.signal);
  reading.catch(() => undefined); // awaited below; the run may fail first
  try {
    const result = await run();
    await sleep(BACKEND_STATISTICS_MS);
    ending.abort();
    await reading;
    return { result, written: sums.byDatabase() };
  } finally {
    ending.abort();
  }
}

/** The last reading is that of the end. */
async function readOn(
  pool: Pool,
  databases: readonly string[],
  sums: WalSums,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(READ_EVERY_MS, signal).catch(() => undefined); // the end
    sums.add(await readBackendWal(pool, databases));
  }
}

export async function readBackendWal(
  pool: Pool,
  databases: readonly string[],
): Promise<BackendWal[]> {
  const { rows } = await pool.query<BackendWal>(
    `select a.pid || ' ' || a.backend_start as backend, a.datname as database,
            w.wal_bytes::float8 as bytes
       from pg_stat_activity a cross join lateral pg_stat_get_backend_wal(a.pid) w
      where a.datname = any($1) and w.wal_bytes is not null`,
    [databases],
  );
  return rows;
}

/** What was written since the first reading, by all backends that any reading has named. */
export class WalSums {
  readonly #before: ReadonlyMap<string, number>;
  readonly #newest = new Map<string, BackendWal>();

  constructor(first: readonly BackendWal[]) {
    this.#before = new Map(first.map(({ backend, bytes }) => [backend, bytes]));
  }

  add(reading: readonly BackendWal[]): void {
    for (const one of reading) this.#newest.set(one.backend, one);
  }

  byDatabase(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { backend, database, bytes } of this.#newest.values()) {
      const written = bytes - (this.#before.get(backend) ?? 0);
      sums[database] = (sums[database] ?? 0) + written;
    }
    return sums;
  }
}
