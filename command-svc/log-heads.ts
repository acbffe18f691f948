/**
 * The newest position of every partition, for all feeds of this process together. While a feed
 * waits, the heads are read every few milliseconds, and at once after this process has appended;
 * while none waits, nobody asks. A reading that fails wakes those who wait.
 *
 * Why a poll: a notice sent by every append would cost each of them a commit more; this is one
 * statement over as many rows as there are partitions, however many feeds and replicas there are.
 */
import type { Pool } from 'pg';
import { isConnectionLost } from '#platform/postgres.ts';
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
   * Resolves when `isMoved` holds for heads that were read meanwhile, when the store was out of
   * reach, after waitMs, or on abort. Answers when the heads were read last for which it did not
   * hold. Rejects when a reading has failed for another reason: the log was replaced.
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
  fail: (error: unknown) => void;
};

export function watchLogHeads(db: Pool, logId: string, limits: LogHeadsLimits): LogHeads {
  return new PolledHeads(db, logId, limits);
}

class PolledHeads implements LogHeads {
  readonly #db: Pool;
  readonly #logId: string;
  readonly #limits: LogHeadsLimits;
  readonly #waiters = new Set<Waiter>();
  #known: Heads = { seqs: new Map(), atMs: Number.NEGATIVE_INFINITY };
  /** A reading that has not begun, and the one before it. */
  #next: Promise<Heads> | undefined;
  #current: Promise<unknown> = Promise.resolve();
  #polling: 'idle' | 'scheduled' | 'polling' = 'idle';
  #timer: NodeJS.Timeout | undefined;
  #lastPollMs = Number.NEGATIVE_INFINITY;
  /** Since the last poll. */
  #hasAppended = false;

  constructor(db: Pool, logId: string, limits: LogHeadsLimits) {
    this.#db = db;
    this.#logId = logId;
    this.#limits = limits;
  }

  get known(): Heads {
    return this.#known;
  }

  read(): Promise<Heads> {
    if (this.#next !== undefined) return this.#next;
    const reading = this.#current.then(() => {
      this.#next = undefined;
      return this.#readNow();
    });
    this.#next = reading;
    this.#current = reading.catch(() => undefined); // told to whoever asked for it
    return reading;
  }

  wait(isMoved: (heads: Heads) => boolean, waitMs: number, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        clearTimeout(late);
        signal.removeEventListener('abort', wake);
        this.#waiters.delete(waiter);
        resolve(waiter.unmovedAtMs);
      };
      const unmovedAtMs = Number.NEGATIVE_INFINITY;
      const waiter: Waiter = { isMoved, unmovedAtMs, wake, fail: reject };
      const late = setTimeout(wake, waitMs);
      this.#waiters.add(waiter);
      signal.addEventListener('abort', wake, { once: true });
      tell(waiter, this.#known);
      if (signal.aborted) wake();
      else if (this.#polling === 'idle' || this.#hasAppended) this.#schedule();
    });
  }

  mayHaveMoved(): void {
    this.#hasAppended = true;
    this.#schedule();
  }

  async #readNow(): Promise<Heads> {
    const atMs = performance.now();
    const { logId, seqs } = await readLogHeads(this.#db);
    if (logId !== this.#logId) throw logReplaced(`the log ${this.#logId} was replaced by ${logId}`);
    this.#known = { seqs, atMs };
    for (const waiter of this.#waiters) tell(waiter, this.#known);
    return this.#known;
  }

  #schedule(): void {
    if (this.#waiters.size === 0 || this.#polling === 'polling') return;
    clearTimeout(this.#timer);
    const pauseMs = this.#hasAppended ? this.#limits.pauseMinMs : this.#limits.pollMs;
    this.#hasAppended = false;
    this.#polling = 'scheduled';
    const dueMs = Math.max(this.#lastPollMs + pauseMs - performance.now(), 0);
    this.#timer = setTimeout(() => void this.#poll(), dueMs);
  }

  async #poll(): Promise<void> {
    this.#polling = 'polling';
    this.#lastPollMs = performance.now();
    try {
      await this.read();
    } catch (error) {
      const isLost = isConnectionLost(error);
      for (const waiter of this.#waiters) {
        if (!isLost) waiter.fail(error);
        waiter.wake();
      }
    }
    this.#polling = 'idle';
    this.#schedule();
  }
}

function tell(waiter: Waiter, heads: Heads): void {
  if (waiter.isMoved(heads)) waiter.wake();
  else waiter.unmovedAtMs = heads.atMs;
}
