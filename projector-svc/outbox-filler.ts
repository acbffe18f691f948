/**
 * Reads from the outbox what Kafka did not bring, and applies it by the same code. A hole is filled
 * at once by whoever meets it; a lost tail by one replica at a time (an advisory lock), as long as
 * it lasts. Two that fill the same records do no harm: the head's compare-and-set lets one of them
 * win.
 */
import type pg from 'pg';
import { pausePoint } from '#platform/pause-points.ts';
import { sleep } from '#platform/waiting.ts';
import { TAIL } from './config.ts';
import { takeDense } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import { projectBatch } from './project-batch.ts';
import type { ProjectContext, ProjectedHead } from './project-batch.ts';
import { UndecodableRecord, nameOf } from './record-outline.ts';
import type { LogRecord } from './record-outline.ts';
import type { SessionLocks } from './session-locks.ts';
import { readOutbox } from './sql/read-outbox.ts';

export type FillContext = ProjectContext & { eventStore: pg.Pool; locks: SessionLocks };

/** The log does not hold a position that it must hold: nothing here can mend that. */
export class MissingPosition extends Error {
  override readonly name = 'MissingPosition';
}

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
    lane.head = at = await projectBatch(ctx, at, batch);
    rest = rest.slice(batch.length);
  }
  if (records.length === 0 || rest.length > 0) {
    throw new MissingPosition(
      `position ${at.seq + 1n} of partition ${lane.partition} is not in the outbox, ` +
        `and ${untilSeq} exists`,
    );
  }
}

/**
 * A record that came broken, as the log has it. It may become visible a moment after Kafka has
 * brought it.
 */
export async function rereadRecord(ctx: FillContext, record: LogRecord): Promise<LogRecord> {
  const { partition, seq } = record;
  for (let attempt = 1; attempt <= TAIL.rereadAttempts; attempt++) {
    const range = { partition, afterSeq: seq - 1n, untilSeq: seq, recordsMax: 1, bytesMax: 0 };
    const [found] = await readOutbox(ctx.eventStore, range);
    if (found?.seq === seq) return found;
    await sleep(TAIL.rereadPauseMs);
  }
  throw new UndecodableRecord(
    `${nameOf(record)} cannot be decoded, and the outbox does not have it`,
  );
}
