/**
 * Compares the projection's heads with the event store's, once a second. Behind, and moved by
 * nobody for a while: a lost tail, or Kafka is down; the outbox feeds the partition, every 100 ms,
 * until Kafka brings its records again, another replica moves it, or nothing comes for long. Ahead
 * for seconds, or another batch at the same position: the event store is an older copy, and the
 * partition stops with an alarm that names both. When a rebuilt projection has taken the place of
 * this one, it goes on from there. Another log_id ends the process: all it told its callers was
 * about another log. What is seen here is what health says of the service.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import { createAheadOfLog } from './ahead-of-log.ts';
import { TAIL } from './config.ts';
import { createLostTails } from './lost-tails.ts';
import type { LostTails } from './lost-tails.ts';
import { fedRange, feedFromKafka, feedFromOutbox } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import { verdictOf } from './projection-failures.ts';
import type { ProjectionHealth } from './projection-health.ts';
import { tellProjection } from './projection-metrics.ts';
import type { Pump } from './projection-pump.ts';
import { readLogHeads } from './sql/read-log-heads.ts';
import type { LogHead } from './sql/read-log-heads.ts';
import { readProjectedHeads } from './sql/read-projected-heads.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';

export type TailContext = {
  reading: pg.Pool;
  eventStore: pg.Pool;
  lanes: readonly PartitionLane[];
  pump: Pump;
  logId: string;
  health: ProjectionHealth;
  log: Logger;
  fail: (reason: string, cause?: unknown) => void;
};

export type TailCheck = { compare(): Promise<void> };

export function createTailCheck(ctx: TailContext): TailCheck {
  const tails = createLostTails();
  const ahead = createAheadOfLog();
  let tableId: bigint | undefined;
  return {
    async compare() {
      // The projection first: the event store, read later, can only have gone on (but for commits
      // that are not seen yet).
      const projected = await readProjection(ctx);
      const table = projected[0]?.tableId;
      if (tableId !== undefined && table !== tableId) startAgain(ctx);
      tableId = table;
      const { logId, heads } = await readLogHeads(ctx.eventStore, projected);
      if (logId !== ctx.logId) {
        return ctx.fail(
          `The event store holds the log ${logId} now; this process has served ${ctx.logId}.`,
        );
      }
      tails.observe(projected, performance.now());
      const byPartition = new Map(heads.map((head) => [head.partition, head]));
      for (const head of projected) {
        const lane = ctx.lanes[head.partition];
        const log = byPartition.get(head.partition);
        if (lane === undefined || log === undefined || lane.alarm !== '') continue;
        const difference = differenceOf(head, log);
        const isLasting = ahead.isLasting(head, log, performance.now());
        const mayPass = head.seq > log.seq && !isLasting;
        if (difference === undefined) compareTail(ctx, tails, lane, head, log.seq);
        else if (!mayPass) ctx.pump.stopPartition(lane, difference);
      }
      tellProjection(projected, heads, ctx.lanes);
    },
  };
}

/** Behind a swap: alarms were about tables that are not live any more. */
function startAgain({ lanes, pump, log }: TailContext): void {
  log.info('A rebuilt projection is live; all partitions go on from its heads.');
  for (const lane of lanes) pump.startAgain(lane);
}

async function readProjection({ reading, health }: TailContext): Promise<HeadRow[]> {
  try {
    const heads = await readProjectedHeads(reading);
    health.projectionRead(true);
    return heads;
  } catch (error) {
    health.projectionRead(false);
    throw error;
  }
}

/** Why the projection cannot be of this event store; undefined when it can. */
export function differenceOf(
  projected: Pick<HeadRow, 'partition' | 'seq' | 'batchId'>,
  log: LogHead,
): string | undefined {
  const { partition, seq, batchId } = projected;
  if (seq > log.seq) {
    return `partition ${partition}: the projection is at ${seq}, the event store at ${log.seq}`;
  }
  if (batchId !== undefined && log.batchIdHere !== undefined && batchId !== log.batchIdHere) {
    return (
      `partition ${partition}, position ${seq}: the projection applied batch ${batchId}, ` +
      `the event store holds ${log.batchIdHere}`
    );
  }
  return undefined;
}

function compareTail(
  ctx: TailContext,
  tails: LostTails,
  lane: PartitionLane,
  head: HeadRow,
  logSeq: bigint,
): void {
  const { partition } = lane;
  const { seq } = head;
  const nowMs = performance.now();
  const lost = tails.isLost(head, logSeq, nowMs);
  if (lane.head !== undefined && !lane.busy) {
    const isAhead = seq > lane.head.seq; // another replica moves it
    if (isAhead) feedFromKafka(lane);
    // Behind what this process has applied, and it stays there: somebody has put it back.
    if (isAhead || (lost && seq < lane.head.seq)) lane.head = undefined;
  }
  if (lost && lane.feed === 'kafka') {
    feedFromOutbox(lane, seq);
    ctx.log.warn('A partition has not moved; the outbox feeds it.', { partition, seq, logSeq });
  }
  if (lane.feed === 'outbox' && tails.quietMs(partition, nowMs) >= TAIL.quietMs) {
    ctx.log.info('Nothing comes any more; Kafka is waited for.', {
      partition,
      ...fedRange(lane, seq),
    });
    feedFromKafka(lane);
  }
  if (lane.feed === 'outbox' && seq < logSeq) ctx.pump.fill(lane, logSeq);
}

/**
 * Until the process stops. A store that cannot be reached is asked again at the next turn; any
 * other error ends the process, for it would come again at each turn.
 */
export async function compareRegularly(
  ctx: TailContext,
  check: TailCheck,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    const feeding = ctx.lanes.some((lane) => lane.feed === 'outbox');
    try {
      await sleep(feeding ? TAIL.feedEveryMs : TAIL.compareEveryMs, stopping);
      await check.compare();
    } catch (error) {
      if (stopping.aborted) return;
      if (verdictOf(error) !== 'try-later') {
        return ctx.fail('The projection cannot be compared with the event store.', error);
      }
      ctx.log.warn('Could not compare the heads; trying again.', { err: error });
    }
  }
}
