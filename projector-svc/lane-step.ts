/**
 * One step of a partition, by position: what is applied already is skipped, what follows on the
 * head is applied, and anything later is a hole, filled from the outbox in order. Without records
 * from Kafka a lost tail is filled likewise. A record that cannot be applied is kept as a dead
 * letter, and the event store's row of its position is applied in its place.
 */
import { applyRecords } from './apply-records.ts';
import { TAIL } from './config.ts';
import { fillHole, fillTail } from './outbox-filler.ts';
import type { FillContext } from './outbox-filler.ts';
import { dropApplied, dropFirst, fedRange, feedFromKafka, takeDense } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import type { ProjectedHead } from './project-batch.ts';
import type { LogRecord } from './record-outline.ts';
import { readLogHead } from './sql/read-log-head.ts';
import { readProjectedHead } from './sql/read-projected-head.ts';
import { keepBeyondLog, keepUnplaced, logSeqFrom } from './suspect-record.ts';

export async function stepLane(ctx: FillContext, lane: PartitionLane): Promise<void> {
  const head = lane.head ?? (await readProjectedHead(ctx.reading, lane.partition));
  lane.head = head;
  if (head.erasureNo > ctx.texts.erasureNo) await ctx.texts.refresh();
  // It has caught up with what the outbox fed; what is beyond that may be beyond the log.
  const isAtHead = ({ seq }: LogRecord): boolean => seq === head.seq || seq === head.seq + 1n;
  if (lane.queue.some(isAtHead)) kafkaFeeds(ctx, lane, head);
  dropApplied(lane, head, performance.now());
  const [next] = lane.queue;
  if (next === undefined) await fillTail(ctx, lane, head);
  else if (next.seq === 0n) {
    await keepUnplaced(ctx, next);
    dropFirst(lane, next);
  } else if (next.seq > head.seq + 1n) await fillBefore(ctx, lane, head, next);
  else await applyNext(ctx, lane, head);
  if (lane.head !== undefined) dropApplied(lane, lane.head, performance.now());
}

function kafkaFeeds({ log }: FillContext, lane: PartitionLane, head: ProjectedHead): void {
  if (lane.feed === 'kafka') return;
  feedFromKafka(lane);
  const { partition } = lane;
  log.info('Kafka feeds the partition again.', { partition, ...fedRange(lane, head.seq) });
}

async function fillBefore(
  ctx: FillContext,
  lane: PartitionLane,
  head: ProjectedHead,
  next: LogRecord,
): Promise<void> {
  const { partition } = lane;
  if (next.seq <= (await readLogHead(ctx.eventStore, partition))) {
    kafkaFeeds(ctx, lane, head);
    return await fillHole(ctx, lane, head, next.seq - 1n);
  }
  // Beyond the log: it holds up neither the outbox, whose turn is now, nor what comes behind it.
  const front = lane.queue.slice(0, TAIL.beyondLogMax);
  await fillTail(ctx, lane, head);
  await putAside(ctx, lane, front, await logSeqFrom(ctx.eventStore, partition, next.seq));
}

async function putAside(
  ctx: FillContext,
  lane: PartitionLane,
  front: readonly LogRecord[],
  logSeq: bigint,
): Promise<void> {
  for (const record of await keepBeyondLog(ctx, front, logSeq)) dropFirst(lane, record);
}

async function applyNext(
  ctx: FillContext,
  lane: PartitionLane,
  head: ProjectedHead,
): Promise<void> {
  const how = lane.failures > 0 ? 'alone' : 'together';
  const [first, ...behind] = lane.queue.slice(0, TAIL.beyondLogMax);
  const records = takeDense(lane.queue, head.seq, ctx.mode.settings().batchEventsMax);
  const moved = await applyRecords(ctx, head, records, how);
  if (moved !== undefined) {
    lane.head = moved;
    return;
  }
  dropFirst(lane, first);
  // It was waited for: those that came with it need no wait of their own.
  await putAside(ctx, lane, behind, await readLogHead(ctx.eventStore, lane.partition));
}
