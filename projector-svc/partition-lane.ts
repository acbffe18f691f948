/**
 * What one replica knows of one partition: records that wait, the head as it last read or wrote it,
 * what feeds it, and why it has stopped. Only the pump runs a lane, one step at a time; the head
 * here may be behind the truth, and the compare-and-set in the store then says so.
 */
import type { LogRecord } from './record-outline.ts';
import type { ProjectedHead } from './project-batch.ts';

export type PartitionLane = {
  readonly partition: number;
  /** Records as they came, oldest first; repeats and holes are seen when their turn comes. */
  queue: LogRecord[];
  queuedBytes: number;
  queuedEvents: number;
  /** When the oldest record of the queue came. */
  queuedAtMs: number;
  /** undefined: to be read before the next step. */
  head: ProjectedHead | undefined;
  busy: boolean;
  /** Why it has stopped; empty: it has not. */
  alarm: string;
  feed: 'kafka' | 'outbox';
  /** A lost tail: read the outbox up to here. 0: nothing to read. */
  fillUntil: bigint;
  failures: number;
  retryAtMs: number;
  /** The newest offset that came. */
  kafkaOffset: bigint | undefined;
  /** All before this offset is applied. */
  nextOffset: bigint | undefined;
};

export function newLane(partition: number): PartitionLane {
  return {
    partition,
    queue: [],
    queuedBytes: 0,
    queuedEvents: 0,
    queuedAtMs: 0,
    head: undefined,
    busy: false,
    alarm: '',
    feed: 'kafka',
    fillUntil: 0n,
    failures: 0,
    retryAtMs: 0,
    kafkaOffset: undefined,
    nextOffset: undefined,
  };
}

export function addRecords(
  lane: PartitionLane,
  records: readonly LogRecord[],
  nowMs: number,
): void {
  if (lane.queue.length === 0) lane.queuedAtMs = nowMs;
  for (const record of records) {
    lane.queue.push(record);
    lane.queuedBytes += record.payload.length;
    lane.queuedEvents += record.eventCount;
    lane.kafkaOffset = record.offset ?? lane.kafkaOffset;
  }
}

/** Takes what the head has passed, repeats too, from the front of the queue. */
export function dropApplied(lane: PartitionLane, head: ProjectedHead, nowMs: number): void {
  let count = 0;
  for (const record of lane.queue) {
    if (record.seq > head.seq) break;
    count++;
    lane.queuedBytes -= record.payload.length;
    lane.queuedEvents -= record.eventCount;
    if (record.offset !== undefined) lane.nextOffset = record.offset + 1n;
  }
  if (count === 0) return;
  lane.queue.splice(0, count);
  lane.queuedAtMs = nowMs;
}

export function dropQueue(lane: PartitionLane): void {
  lane.queue = [];
  lane.queuedBytes = 0;
  lane.queuedEvents = 0;
}

/** As a lane begins: its head is read anew. */
export function forgetFailures(lane: PartitionLane): void {
  Object.assign(lane, { alarm: '', head: undefined, failures: 0, retryAtMs: 0 });
}

/**
 * The records that follow on seq without a hole, as many as one transaction takes, at least one.
 */
export function takeDense(
  records: readonly LogRecord[],
  seq: bigint,
  eventsMax: number,
): LogRecord[] {
  const taken: LogRecord[] = [];
  let events = 0;
  for (const record of records) {
    if (record.seq !== seq + BigInt(taken.length) + 1n) break;
    events += record.eventCount;
    if (taken.length > 0 && events > eventsMax) break;
    taken.push(record);
  }
  return taken;
}
