/**
 * The newest position of every partition, for all feeds of this process together. While a feed
 * waits, the heads are read every few milliseconds, and at once after this process has appended;
 * while none waits, nobody asks. A reading that fails wakes those who wait: they read for
 * themselves and tell their callers.
 *
 * Why a poll: a notice sent by every append would cost each of them a commit more; this is one
 * statement over as many rows as there are partitions, however many feeds and replicas there are.
 */
import type { Pool } from 'pg';
import { logReplaced } from './feed-request.ts';
import { readLogHeads } from './sql/read-log-heads.ts';

export type Heads = {
  readonly seqs: ReadonlyMap<number, bigint>;
  /** Before they were read. */
  readonly atMs: number;
};

export type LogHeads = {
  /** As read last. */
  readonly known: Heads;
  /** Reads them; the answer is of a reading that began after the call. */
  read(): Promise<Heads>;
  /**
   * Resolves when `isMoved` holds for heads that were read meanwhile, when a reading has failed,
   * after waitMs, or on abort. Answers when the heads were read last for which it did not hold.
   */
  wait(isMoved: (heads: Heads) => boolean, waitMs: number, signal: AbortSignal): Promise<number>;
  /** This process has appended: a reading is worth its while now. */
  mayHaveMoved(): void;
};

export type LogHeadsLimits = {
  readonly pollMs: number;
  /** Between two readings, however many appends there are. */
  readonly pauseMinMs: number;
};

type Waiter = {
  isMoved: (heads: Heads) => boolean;
  unmovedAtMs: number;
  wake: () => void;
};

export function watchLogHeads(db: Pool, logId: string, limits: LogHeadsLimits): LogHeads {
  const waiters = new Set<Waiter>();
  let known: Heads = { seqs: new Map(), atMs: 0 };
  let lastPollMs = 0;
  let next: Promise<Heads> | undefined;
  let current: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let state: 'idle' | 'scheduled' | 'polling' = 'idle';
  let hasAppended = false; // since the last reading

  const readNow = async (): Promise<Heads> => {
    const atMs = performance.now();
    const rows = await readLogHeads(db);
    if (rows.logId !== logId) throw logReplaced(`the log ${logId} was replaced by ${rows.logId}`);
    known = { seqs: rows.seqs, atMs };
    for (const waiter of waiters) tell(waiter, known);
    return known;
  };
  const read = (): Promise<Heads> => {
    if (next !== undefined) return next;
    const reading = current.then(() => {
      next = undefined;
      return readNow();
    });
    next = reading;
    current = reading.catch(() => undefined); // told to whoever asked for it
    return reading;
  };
  const poll = async (): Promise<void> => {
    state = 'polling';
    lastPollMs = performance.now();
    try {
      await read();
    } catch {
      for (const waiter of waiters) waiter.wake();
    }
    state = 'idle';
    schedule();
  };
  const schedule = (): void => {
    if (waiters.size === 0 || state === 'polling') return;
    clearTimeout(timer);
    const pauseMs = hasAppended ? limits.pauseMinMs : limits.pollMs;
    hasAppended = false;
    state = 'scheduled';
    const dueMs = Math.max(lastPollMs + pauseMs - performance.now(), 0);
    timer = setTimeout(() => void poll(), dueMs);
  };
  return {
    get known() {
      return known;
    },
    read,
    wait: (isMoved, waitMs, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(late);
          signal.removeEventListener('abort', wake);
          waiters.delete(waiter);
          resolve(waiter.unmovedAtMs);
        };
        const waiter = { isMoved, unmovedAtMs: Number.NEGATIVE_INFINITY, wake };
        const late = setTimeout(wake, waitMs);
        waiters.add(waiter);
        signal.addEventListener('abort', wake, { once: true });
        tell(waiter, known);
        if (signal.aborted) wake();
        else if (state === 'idle' || hasAppended) schedule();
      }),
    mayHaveMoved: () => {
      hasAppended = true;
      schedule();
    },
  };
}

function tell(waiter: Waiter, heads: Heads): void {
  if (waiter.isMoved(heads)) waiter.wake();
  else waiter.unmovedAtMs = heads.atMs;
}
