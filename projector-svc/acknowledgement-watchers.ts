/**
 * The watchers of submissions in this replica: a notice wakes those whose submission it names.
 * Being woken for nothing costs a read; a notice that never comes costs the time to the next poll.
 */
import { EVERYONE, submissionHash } from './projected-notices.ts';

export type Watcher = {
  /**
   * Resolves when something may have changed since the last call, or after waitMs, or when signal
   * aborts.
   */
  changed(waitMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
};

export type Watchers = {
  watch(tenant: string, submissionId: string): Watcher;
  wake(notice: string): void;
  count(): number;
};

type Entry = { woken: boolean; wake: () => void };

export function createWatchers(): Watchers {
  const byHash = new Map<string, Set<Entry>>();
  let count = 0;

  const wakeAll = (entries: Iterable<Entry>): void => {
    for (const entry of entries) {
      entry.woken = true;
      entry.wake();
    }
  };
  return {
    watch(tenant, submissionId) {
      const hash = submissionHash(tenant, submissionId);
      const entry: Entry = { woken: false, wake: () => undefined };
      const entries = byHash.get(hash) ?? new Set();
      byHash.set(hash, entries.add(entry));
      count++;
      return {
        changed: (waitMs, signal) => waitFor(entry, waitMs, signal),
        close() {
          if (!entries.delete(entry)) return;
          count--;
          if (entries.size === 0 && byHash.get(hash) === entries) byHash.delete(hash);
        },
      };
    },
    wake(notice) {
      const hashes = notice.split(',');
      if (hashes.includes(EVERYONE)) for (const entries of byHash.values()) wakeAll(entries);
      else for (const hash of hashes) wakeAll(byHash.get(hash) ?? []);
    },
    count: () => count,
  };
}

function waitFor(entry: Entry, waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      entry.woken = false;
      entry.wake = () => undefined;
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    signal.addEventListener('abort', done, { once: true });
    entry.wake = done;
    if (entry.woken || signal.aborted) done();
  });
}
