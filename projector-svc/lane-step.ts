/**
 * One step of a partition, by position: what is applied already is skipped, what follows on the
 * head is applied, and anything later is a hole, filled from the outbox in order. Without records
 * from Kafka a lost tail is filled likewise. A record that cannot be decoded is read again from the
 * outbox; if that fails too, the error ends the process.
 */
import type { Commits } from './commit-rows.ts';
import { fillHole, fillTail, rereadRecord } from './outbox-filler.ts';
import type { FillContext } from './outbox-filler.ts';
import { dropApplied, fedRange, feedFromKafka, takeDense } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import { projectBatch } from './project-batch.ts';
import type { ProjectedHead } from './project-batch.ts';
import { UndecodableRecord } from './record-outline.ts';
import type { LogRecord } from './record-outline.ts';
import { readProjectedHead } from './sql/read-projected-head.ts';

export async function stepLane(ctx: FillContext, lane: PartitionLane): Promise<void> {
  const { batchEventsMax: eventsMax } = ctx.mode.settings();
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
  if (next === undefined) {
    await fillTail(ctx, lane, head);
  } else if (next.seq > head.seq + 1n) {
    await fillHole(ctx, lane, head, next.seq - 1n);
  } else {
    const how = lane.failures > 0 ? 'alone' : 'together';
    lane.head = await apply(ctx, head, takeDense(lane.queue, head.seq, eventsMax), how);
  }
  if (lane.head !== undefined) dropApplied(lane, lane.head, performance.now());
}

async function apply(
  ctx: FillContext,
  head: ProjectedHead,
  records: readonly LogRecord[],
  how: keyof Commits,
): Promise<ProjectedHead> {
  const [first] = records;
  try {
    return await projectBatch(ctx, head, records, how);
  } catch (error) {
    if (!(error instanceof UndecodableRecord) || first === undefined) throw error;
    // One of them is bad: what stands before it is applied first, record by record.
    if (records.length > 1) return apply(ctx, head, [first], how);
    ctx.log.error('A record from Kafka cannot be decoded; reading it from the outbox.', {
      err: error,
      partition: first.partition,
      seq: first.seq,
      offset: first.offset,
    });
    return projectBatch(ctx, head, [await rereadRecord(ctx, first)], how);
  }
}
