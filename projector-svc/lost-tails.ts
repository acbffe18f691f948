/**
 * Tells a lost tail from a slow one, by the heads alone: a partition is behind, and its head has
 * not moved for a while. While Kafka moves other partitions its records may only wait in a long
 * queue, and before Kafka has moved any it may only be starting, so then it gets more time. Heads
 * that somebody has put back are behind like any other. Pure: the clock comes in.
 */
import { TAIL } from './config.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';

export type LostTails = {
  /** Takes the heads as they are now; once before the questions of a turn. */
  observe(heads: readonly HeadRow[], nowMs: number): void;
  /** Whether the partition's records must be looked for in the outbox. */
  isLost(head: HeadRow, logSeq: bigint, nowMs: number): boolean;
  /** How long nothing has come for a partition that is not behind; 0: it is behind. */
  quietMs(partition: number, nowMs: number): number;
};

/** Where a partition was seen, and since when it has stood there. */
type Seen = { seq: bigint; isBehind: boolean; sinceMs: number };

export function createLostTails(): LostTails {
  const seen = new Map<number, Seen>();
  let byKafka: bigint | undefined;
  let kafkaMovedMs: number | undefined;
  return {
    observe(heads, nowMs) {
      const total = heads.reduce((sum, head) => sum + head.seq - head.filledRecords, 0n);
      if (byKafka !== undefined && total > byKafka) kafkaMovedMs = nowMs;
      byKafka = total;
    },
    isLost({ partition, seq }, logSeq, nowMs) {
      const isBehind = seq < logSeq;
      const before = seen.get(partition);
      if (before === undefined || before.seq !== seq || before.isBehind !== isBehind) {
        seen.set(partition, { seq, isBehind, sinceMs: nowMs });
        return false;
      }
      if (!isBehind) return false;
      const patient = kafkaMovedMs === undefined || nowMs - kafkaMovedMs < TAIL.unmovedMs;
      return nowMs - before.sinceMs >= (patient ? TAIL.unmovedPatientMs : TAIL.unmovedMs);
    },
    quietMs(partition, nowMs) {
      const now = seen.get(partition);
      return now === undefined || now.isBehind ? 0 : nowMs - now.sinceMs;
    },
  };
}
