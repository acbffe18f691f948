/**
 * One step of a partition, by position: what is applied already is skipped, what follows on the
 * head is applied, and anything later is a hole, filled from the outbox in order. Without records
 * from Kafka a lost tail is filled likewise. A record that cannot be applied is kept as a dead
 * letter, and the event store's row of its position is applied in its place.
 */
import { applyRecords } from './apply-records.ts';
import { fillHole, fillTail } from './outbox-filler.ts';
import type { FillContext } from './outbox-filler.ts';
import { dropApplied, dropFirst, fedRange, feedFromKafka, takeDense } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import type { ProjectedHead } from './project-batch.ts';
import type { LogRecord } from './record-outline.ts';
import { readProjectedHead } from './sql/read-projected-head.ts';
import { keepBeyondLog, keepUnplaced } from './suspect-record.ts';

export async function stepLane(ctx: FillContext, lane: PartitionLane): Promise<void> {
  const head = lane.head ?? (await readProjectedHead(ctx.reading, lane.partition));
  lane.head = head;
  if (lane.feed === 'outbox' && lane.queue.some((record) => record.seq >= head.seq)) {
    feedFromKafka(lane); // it has caught up with what the outbox fed
    const { partition } = lane;
    const fed = fedRange(lane, head.seq);
    ctx.log.info('Kafka feeds the partition again.', { partition, ...fed });
  }
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

async function fillBefore(
  ctx: FillContext,
  lane: PartitionLane,
  head: ProjectedHead,
  next: LogRecord,
): Promise<void> {
  if (await keepBeyondLog(ctx, next)) dropFirst(lane, next);
  else await fillHole(ctx, lane, head, next.seq - 1n);
}

async function applyNext(
  ctx: FillContext,
  lane: PartitionLane,
  head: ProjectedHead,
): Promise<void> {
  const how = lane.failures > 0 ? 'alone' : 'together';
  const records = takeDense(lane.queue, head.seq, ctx.mode.settings().batchEventsMax);
  const moved = await applyRecords(ctx, head, records, how);
  if (moved === undefined) dropFirst(lane, records[0]);
  else lane.head = moved;
}
