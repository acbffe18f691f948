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

export type Pace = {
  readonly everyMs: number;
  /** Of one question, and of the connection for it. */
  readonly answerMs: number;
  /** Questions in a row. */
  readonly unansweredMax: number;
};

export const STORE_WATCH: Pace = { everyMs: 1000, answerMs: 2000, unansweredMax: 3 };

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

export function watchStore(watched: WatchedStore, pace: Pace = STORE_WATCH): StoreWatch {
  const stopping = new AbortController();
  const { url, applicationName } = watched;
  const pool = createPool({
    url,
    applicationName,
    maxConnections: 1,
    statementTimeoutMs: pace.answerMs,
    answerTimeoutMs: pace.answerMs,
    connectTimeoutMs: pace.answerMs,
  });
  const watching = askOnAndOn(watched, pace, pool, stopping.signal);
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
  { everyMs, unansweredMax }: Pace,
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
      if (unanswered >= unansweredMax) {
        log.info(`${store} answers again: health says SERVING.`);
        setServing(true);
      }
      unanswered = 0;
    } else {
      unanswered++;
      if (unanswered === unansweredMax) {
        log.warn(`${store} does not answer: health says NOT_SERVING.`, { err: problem });
        setServing(false);
      }
    }
    await sleep(everyMs, signal).catch(() => undefined); // told to stop
  }
}
