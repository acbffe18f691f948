/**
 * Tells a lost tail from a slow one, by the heads alone: a partition is behind, and its head has
 * not moved for a while. While Kafka moves other partitions its records may only wait in a long
 * queue, and before Kafka has moved any it may only be starting, so then it gets more time. Pure:
 * the clock comes in.
 */
import { TAIL } from './config.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';

export type LostTails = {
  /** Takes the heads as they are now; once before the questions of a turn. */
  observe(heads: readonly HeadRow[], nowMs: number): void;
  /** Whether the partition's records must be looked for in the outbox. */
  isLost(head: HeadRow, logSeq: bigint, nowMs: number): boolean;
};

/** Where a partition was seen behind, and since when nobody has moved it. */
type Behind = { seq: bigint; sinceMs: number };

export function createLostTails(): LostTails {
  const behind = new Map<number, Behind>();
  let byKafka = -1n;
  let kafkaMovedMs: number | undefined;
  return {
    observe(heads, nowMs) {
      const total = heads.reduce((sum, head) => sum + head.seq - head.filledRecords, 0n);
      if (byKafka >= 0n && total > byKafka) kafkaMovedMs = nowMs;
      byKafka = total;
    },
    isLost({ partition, seq }, logSeq, nowMs) {
      const before = behind.get(partition);
      if (seq >= logSeq) {
        behind.delete(partition);
        return false;
      }
      if (before === undefined || before.seq !== seq) {
        behind.set(partition, { seq, sinceMs: nowMs });
        return false;
      }
      const patient = kafkaMovedMs === undefined || nowMs - kafkaMovedMs < TAIL.unmovedMs;
      return nowMs - before.sinceMs >= (patient ? TAIL.unmovedPatientMs : TAIL.unmovedMs);
    },
  };
}
