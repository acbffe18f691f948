/**
 * Reads from the outbox what Kafka did not bring, and applies it by the same code. A hole is filled
 * at once by whoever meets it; a lost tail by one replica at a time (an advisory lock), as long as
 * it lasts. Two that fill the same records do no harm: the head's compare-and-set lets one of them
 * win.
 */
import { pausePoint } from '#platform/pause-points.ts';
import { applyRecords } from './apply-records.ts';
import { TAIL } from './config.ts';
import { missingPosition } from './missing-position.ts';
import { takeDense } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import type { ProjectContext, ProjectedHead } from './project-batch.ts';
import type { SessionLocks } from './session-locks.ts';
import { readOutbox } from './sql/read-outbox.ts';

export type FillContext = ProjectContext & { locks: SessionLocks };

export async function fillHole(
  ctx: FillContext,
  lane: PartitionLane,
  head: ProjectedHead,
  untilSeq: bigint,
): Promise<void> {
  ctx.log.warn('Filling a hole from the outbox.', {
    partition: lane.partition,
    from: head.seq + 1n,
    to: untilSeq,
  });
  await fill(ctx, lane, head, untilSeq);
}

export async function fillTail(
  ctx: FillContext,
  lane: PartitionLane,
  head: ProjectedHead,
): Promise<void> {
  const untilSeq = lane.fillUntil;
  if (untilSeq <= head.seq) {
    lane.fillUntil = 0n;
    return;
  }
  if (!(await ctx.locks.tryLock(lane.partition))) {
    lane.fillUntil = 0n; // another replica fills; the next comparison asks again
    return;
  }
  try {
    await fill(ctx, lane, head, untilSeq);
  } finally {
    await ctx.locks.unlock(lane.partition);
  }
}

/** One read of the outbox, applied in as many transactions as its events need. */
async function fill(
  ctx: FillContext,
  lane: PartitionLane,
  head: ProjectedHead,
  untilSeq: bigint,
): Promise<void> {
  const pause = pausePoint('fill.before-read');
  if (pause !== undefined) await pause;
  const records = await readOutbox(ctx.eventStore, {
    partition: lane.partition,
    afterSeq: head.seq,
    untilSeq,
    recordsMax: TAIL.readRecordsMax,
    bytesMax: TAIL.readBytesMax,
  });
  let at = head;
  let rest = records;
  while (rest.length > 0) {
    const batch = takeDense(rest, at.seq, ctx.mode.settings().batchEventsMax);
    if (batch.length === 0) break;
    const moved = await applyRecords(ctx, at, batch);
    if (moved === undefined) break;
    lane.head = moved;
    at = moved;
    rest = rest.filter((record) => record.seq > moved.seq);
  }
  if (records.length === 0 || rest.length > 0) {
    const { partition } = lane;
    throw await missingPosition(ctx.eventStore, partition, at.seq + 1n, `${untilSeq} exists`);
  }
}
