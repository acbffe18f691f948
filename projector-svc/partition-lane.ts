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
  /** Where the outbox began to feed it. */
  fedFromSeq: bigint;
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
    fedFromSeq: 0n,
    fillUntil: 0n,
    failures: 0,
    retryAtMs: 0,
    kafkaOffset: undefined,
    nextOffset: undefined,
  };
}

export function feedFromOutbox(lane: PartitionLane, seq: bigint): void {
  lane.feed = 'outbox';
  lane.fedFromSeq = seq;
}

export function feedFromKafka(lane: PartitionLane): void {
  lane.feed = 'kafka';
}

/** What was applied while the outbox fed it, for the log; nothing where nothing was. */
export function fedRange(
  { fedFromSeq }: PartitionLane,
  seq: bigint,
): { from?: bigint; to?: bigint } {
  return seq > fedFromSeq ? { from: fedFromSeq + 1n, to: seq } : {};
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

/**
 * Takes what the head has passed, repeats too, from the front of the queue. What does not say which
 * record it is stays for the step that keeps it.
 */
export function dropApplied(
  lane: PartitionLane,
  head: Pick<ProjectedHead, 'seq'>,
  nowMs: number,
): void {
  let count = 0;
  for (const record of lane.queue) {
    if (record.seq > head.seq || record.seq === 0n) break;
    count++;
    lane.queuedBytes -= record.payload.length;
    lane.queuedEvents -= record.eventCount;
    if (record.offset !== undefined) lane.nextOffset = record.offset + 1n;
  }
  if (count === 0) return;
  lane.queue.splice(0, count);
  lane.queuedAtMs = nowMs;
}

/** Takes what is kept as a dead letter from the front, unless the queue was dropped meanwhile. */
export function dropFirst(lane: PartitionLane, first: LogRecord | undefined): void {
  if (first === undefined || lane.queue[0] !== first) return;
  lane.queue.shift();
  lane.queuedBytes -= first.payload.length;
  lane.queuedEvents -= first.eventCount;
  if (first.offset !== undefined) lane.nextOffset = first.offset + 1n;
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
