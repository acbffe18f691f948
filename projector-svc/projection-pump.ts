/**
 * Decides which partition takes its next step. With nothing in flight all that have records start
 * at once; while others are in flight records wait until they fill a batch or the timeout has
 * passed. At most a few large steps run at a time, and one a partition; small ones share their
 * transaction. A failed step is tried again with growing pauses, stops its partition with an
 * alarm, or ends the process, as projection-failures.ts says; the other partitions go on.
 */
import { traceFields } from '#platform/log-trace.ts';
import type { Logger } from '#platform/logger.ts';
import { backoffMs } from '#platform/waiting.ts';
import { BATCH } from './config.ts';
import type { ProjectSettings } from './config.ts';
import { addRecords, dropQueue, forgetFailures } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import { verdictOf } from './projection-failures.ts';
import type { LogRecord } from './record-outline.ts';

export type PumpContext = {
  lanes: readonly PartitionLane[];
  /** lane-step.ts: by position. */
  step: (lane: PartitionLane) => Promise<void>;
  /** In force at each turn. */
  settings: () => ProjectSettings;
  log: Logger;
  fail: (reason: string, cause?: unknown) => void;
};

export type Pump = {
  add(partition: number, records: readonly LogRecord[]): void;
  /** Reads the outbox up to a position; for lost tails. */
  fill(lane: PartitionLane, untilSeq: bigint): void;
  stopPartition(lane: PartitionLane, alarm: string, cause?: unknown): void;
  /** The head is read anew, and an alarm is over. */
  startAgain(lane: PartitionLane): void;
  /** The settings have changed: what waits may be due. */
  settingsChanged(): void;
  /** Told when the queue of a lane may have become shorter, or the lane has stopped. */
  onDrained(listener: (lane: PartitionLane) => void): void;
  /** Takes no more steps; resolves when those in flight have ended. */
  stop(): Promise<void>;
};

export function createPump(ctx: PumpContext): Pump {
  let inFlight = 0;
  let largeInFlight = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let drained: (lane: PartitionLane) => void = () => undefined;
  let onIdle: (() => void) | undefined;

  const pump = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    const settings = ctx.settings();
    const now = performance.now();
    const isIdle = inFlight === 0;
    const waiting = ctx.lanes.filter(hasWork).sort((a, b) => a.queuedAtMs - b.queuedAtMs);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of waiting) {
      const startMs = isIdle ? lane.retryAtMs : startTime(lane, settings);
      if (startMs > now) nextMs = Math.min(nextMs, startMs);
      else if (isSmall(lane) || largeInFlight < BATCH.inFlightMax) start(lane);
    }
    if (nextMs !== Number.POSITIVE_INFINITY) timer = setTimeout(pump, Math.ceil(nextMs - now));
  };
  const start = (lane: PartitionLane): void => {
    const large = isSmall(lane) ? 0 : 1;
    inFlight++;
    largeInFlight += large;
    lane.busy = true;
    void step(ctx, lane, stopPartition).finally(() => {
      inFlight--;
      largeInFlight -= large;
      lane.busy = false;
      drained(lane);
      if (inFlight === 0) onIdle?.();
      pump();
    });
  };
  const stopPartition = (lane: PartitionLane, alarm: string, cause?: unknown): void => {
    if (lane.alarm !== '') return;
    raiseAlarm(ctx, lane, alarm, cause);
    drained(lane);
  };
  return {
    add(partition, records) {
      const lane = ctx.lanes[partition];
      if (lane === undefined || lane.alarm !== '') return;
      addRecords(lane, records, performance.now());
      pump();
    },
    fill(lane, untilSeq) {
      lane.fillUntil = untilSeq;
      pump();
    },
    stopPartition,
    startAgain(lane) {
      forgetFailures(lane);
      drained(lane);
      pump();
    },
    settingsChanged: pump,
    onDrained(listener) {
      drained = listener;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      if (inFlight > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    },
  };
}

function raiseAlarm({ log }: PumpContext, lane: PartitionLane, alarm: string, err: unknown): void {
  const of = traceFields(lane.queue[0]?.traceparent);
  lane.alarm = alarm;
  lane.fillUntil = 0n;
  dropQueue(lane);
  const { partition } = lane;
  log.error('ALARM: a partition of the projection has stopped.', { partition, alarm, err, ...of });
}

function hasWork(lane: PartitionLane): boolean {
  return !lane.busy && lane.alarm === '' && (lane.queue.length > 0 || lane.fillUntil > 0n);
}

/** Rows take about twice the bytes of their events. One that reads the outbox counts as large. */
function isSmall({ queue, queuedBytes, head }: PartitionLane): boolean {
  const [next] = queue;
  if (next === undefined || head === undefined || next.seq > head.seq + 1n) return false;
  return queuedBytes <= BATCH.sharedBytesMax / 2;
}

/**
 * While others are in flight: a full batch or a lost tail starts at once, anything else at its
 * timeout.
 */
function startTime(lane: PartitionLane, settings: ProjectSettings): number {
  const full = lane.queuedEvents >= settings.batchEventsMax || lane.queue.length === 0;
  return Math.max(lane.retryAtMs, full ? 0 : lane.queuedAtMs + settings.batchTimeoutMs);
}

async function step(
  ctx: PumpContext,
  lane: PartitionLane,
  stopPartition: Pump['stopPartition'],
): Promise<void> {
  try {
    await ctx.step(lane);
    lane.failures = 0;
  } catch (error) {
    lane.head = undefined;
    switch (verdictOf(error)) {
      case 'read-head-again':
        return;
      case 'try-later':
        lane.failures++;
        lane.retryAtMs =
          performance.now() +
          backoffMs({ firstMs: BATCH.retryFirstMs, maxMs: BATCH.retryMaxMs }, lane.failures);
        ctx.log.warn('Could not project; trying again.', {
          ...traceFields(lane.queue[0]?.traceparent),
          partition: lane.partition,
          err: error,
        });
        return;
      case 'stop-partition':
        stopPartition(lane, error instanceof Error ? error.message : String(error), error);
        return;
      case 'end-process':
        lane.retryAtMs = Number.POSITIVE_INFINITY;
        ctx.fail(`Partition ${lane.partition} cannot be projected.`, error);
    }
  }
}
