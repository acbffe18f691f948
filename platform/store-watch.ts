/**
 * Whether a service's store answers, told to health: NOT_SERVING once it has not answered for
 * several questions in a row, so that callers are sent to a replica that can reach it, and SERVING
 * when it answers again. It asks on a connection of its own: a pool that is busy is not a store
 * that is gone.
 */
import type pg from 'pg';
import type { Logger } from './logger.ts';
import { createPool } from './postgres.ts';
import { sleep } from './waiting.ts';

export const STORE_WATCH = {
  everyMs: 1000,
  /** Of one question. */
  answerMs: 2000,
  /** Questions in a row. */
  unansweredMax: 3,
} as const;

export type WatchedStore = {
  readonly url: string;
  readonly applicationName: string;
  /** For people: the event store. */
  readonly store: string;
  readonly log: Logger;
  readonly setServing: (serving: boolean) => void;
};

export type StoreWatch = {
  /** Resolves when the question in hand has ended; no other follows. */
  stop(): Promise<void>;
};

export function watchStore(watched: WatchedStore): StoreWatch {
  const stopping = new AbortController();
  const { url, applicationName } = watched;
  const pool = createPool({
    url,
    applicationName,
    maxConnections: 1,
    statementTimeoutMs: STORE_WATCH.answerMs,
    answerTimeoutMs: STORE_WATCH.answerMs,
  });
  const watching = askOnAndOn(watched, pool, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await watching;
      await pool.end();
    },
  };
}

async function askOnAndOn(
  { store, log, setServing }: WatchedStore,
  pool: pg.Pool,
  signal: AbortSignal,
): Promise<void> {
  let unanswered = 0;
  while (!signal.aborted) {
    const problem = await pool.query('select').then(
      () => undefined,
      (error: unknown) => error,
    );
    if (problem === undefined) {
      if (unanswered >= STORE_WATCH.unansweredMax) {
        log.info(`${store} answers again: health says SERVING.`);
        setServing(true);
      }
      unanswered = 0;
    } else {
      unanswered++;
      if (unanswered === STORE_WATCH.unansweredMax) {
        log.warn(`${store} does not answer: health says NOT_SERVING.`, { err: problem });
        setServing(false);
      }
    }
    await sleep(STORE_WATCH.everyMs, signal).catch(() => undefined); // told to stop
  }
}
