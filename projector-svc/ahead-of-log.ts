/**
 * Tells a projection that is ahead of the event store from one that has been quicker than a commit.
 * Debezium reads a commit from the WAL as soon as it is written there, and other sessions see it
 * when its backend says so: a moment later, or as much later as that backend waits for a processor.
 * A position that was projected and stays unseen is an older copy's. Pure: the clock comes in.
 */
import { TAIL } from './config.ts';
import type { LogHead } from './sql/read-log-heads.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';

export type AheadOfLog = {
  /** Whether a position that was projected has been unseen in the event store for long. */
  isLasting(projected: Pick<HeadRow, 'partition' | 'seq'>, log: LogHead, nowMs: number): boolean;
};

/** A position that was ahead, and since when. */
type Ahead = { seq: bigint; sinceMs: number };

export function createAheadOfLog(): AheadOfLog {
  const seen = new Map<number, Ahead>();
  return {
    isLasting({ partition, seq }, log, nowMs) {
      const before = seen.get(partition);
      if (seq <= log.seq) seen.delete(partition);
      else if (before === undefined || before.seq <= log.seq) {
        seen.set(partition, { seq, sinceMs: nowMs });
      } else return nowMs - before.sinceMs >= TAIL.aheadMs;
      return false;
    },
  };
}
