/**
 * What kafkajs tells of its consumer besides records: assignments, crashes, and signs of life.
 * kafkajs is quiet about much, so silence itself is an event: a consumer that runs and does nothing
 * for long ends its process. One that still tries to reach Kafka is not watched: it has no end to
 * its tries, and the outbox feeds the projection meanwhile.
 */
import type { Consumer } from 'kafkajs';
import type { Logger } from '#platform/logger.ts';
import { KAFKA } from './config.ts';
import { dropQueue, type PartitionLane } from './partition-lane.ts';

export type WatchContext = {
  readonly topic: string;
  readonly lanes: readonly PartitionLane[];
  readonly log: Logger;
  readonly stopping: AbortSignal;
  /** Ends the process with the reason. */
  readonly fail: (reason: string, cause?: unknown) => void;
};

export type ConsumerWatch = {
  /** Resolves at the first assignment. */
  joined: Promise<void>;
  /** From now on silence ends the process: the consumer runs. */
  watchSilence(): void;
};

/** onAssigned is told of each assignment, when the queues are empty. */
export function watchConsumer(
  ctx: WatchContext,
  consumer: Consumer,
  onAssigned: () => void,
): ConsumerWatch {
  const { events } = consumer;
  let lastSignMs = performance.now();
  const sign = (): void => {
    lastSignMs = performance.now();
  };
  for (const event of [events.FETCH_START, events.HEARTBEAT, events.REBALANCING, events.CONNECT]) {
    consumer.on(event, sign);
  }
  consumer.on(events.CRASH, ({ payload }) => {
    sign();
    if (payload.restart)
      ctx.log.warn('The consumer crashed and starts again.', { err: payload.error });
    else if (!ctx.stopping.aborted) ctx.fail('The consumer has stopped for good.', payload.error);
  });
  const watchSilence = (): void => {
    if (ctx.stopping.aborted) return;
    sign();
    const silence = setInterval(() => {
      if (performance.now() - lastSignMs < KAFKA.silenceMs) return;
      clearInterval(silence);
      ctx.fail(`The consumer has given no sign of life for ${KAFKA.silenceMs} ms.`);
    }, KAFKA.heartbeatMs);
    ctx.stopping.addEventListener('abort', () => clearInterval(silence), { once: true });
  };
  const joined = new Promise<void>((resolve) => {
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      sign();
      // Fetching starts again at what was committed, and that is never beyond what is applied.
      for (const lane of ctx.lanes) dropQueue(lane);
      onAssigned();
      const partitions = payload.memberAssignment[ctx.topic] ?? [];
      ctx.log.info('Partitions were assigned.', { partitions });
      resolve();
    });
  });
  return { joined, watchSilence };
}
