/**
 * Consumes the log's records from Kafka and hands them to the pump. kafkajs stands behind a small
 * port, so that it can be swapped. Offsets are a hint for where to start, never the truth: the
 * fetch position moves when a record is queued, and what is committed, every second, is what the
 * projection has passed. Memory is bounded by pausing a partition whose queue is full. A consumer
 * that stops, or gives no sign of life, ends the process.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { TopicMismatch, partitionsOfTopic } from '#platform/kafka.ts';
import { backoffMs, sleep } from '#platform/waiting.ts';
import { BATCH, KAFKA } from './config.ts';
import { watchConsumer, type WatchContext } from './consumer-events.ts';
import { recordOf } from './kafka-record.ts';
import type { PartitionLane } from './partition-lane.ts';
import type { LogRecord } from './record-outline.ts';

export type ConsumerContext = WatchContext & {
  kafka: Kafka;
  consumerGroup: string;
  onRecords: (partition: number, records: readonly LogRecord[]) => void;
};

export type OutboxConsumer = {
  /** Resolves when the group has given this replica its first partitions. */
  joined: Promise<void>;
  /** Takes a partition's fetching up or down, as its queue and its alarm say. */
  adjust(lane: PartitionLane): void;
  stop(): Promise<void>;
};

export function startConsumer(ctx: ConsumerContext): OutboxConsumer {
  const consumer = ctx.kafka.consumer({
    groupId: ctx.consumerGroup,
    sessionTimeout: KAFKA.sessionTimeoutMs,
    heartbeatInterval: KAFKA.heartbeatMs,
    rebalanceTimeout: KAFKA.rebalanceTimeoutMs,
    maxBytesPerPartition: KAFKA.bytesPerPartitionMax,
    maxBytes: KAFKA.fetchBytesMax,
    maxWaitTimeInMs: KAFKA.fetchWaitMs,
    allowAutoTopicCreation: false,
  });
  const paused = new Set<number>();
  let running = false;
  const adjust = (lane: PartitionLane): void => {
    if (!running) return;
    const { partition } = lane;
    const full = lane.alarm !== '' || lane.queuedBytes > BATCH.queueBytesMax;
    const low = lane.alarm === '' && lane.queuedBytes <= BATCH.queueBytesMax / 2;
    if (full && !paused.has(partition)) {
      paused.add(partition);
      consumer.pause([{ topic: ctx.topic, partitions: [partition] }]);
    } else if (low && paused.delete(partition)) {
      consumer.resume([{ topic: ctx.topic, partitions: [partition] }]);
    }
  };
  const watch = watchConsumer(ctx, consumer, () => ctx.lanes.forEach(adjust));
  const commits = commitRegularly(ctx, consumer);
  const started = run(ctx, consumer, adjust).then(
    () => {
      running = true;
      watch.watchSilence();
    },
    (error: unknown) => {
      if (!ctx.stopping.aborted) ctx.fail('The consumer could not be started.', error);
    },
  );
  return {
    joined: watch.joined,
    adjust,
    async stop() {
      // Without Kafka both may take long, and neither matters: offsets are a hint.
      const left = started.then(commits.stop).then(() => consumer.disconnect());
      await Promise.race([left, sleep(KAFKA.leaveMs)]);
    },
  };
}

async function run(
  ctx: ConsumerContext,
  consumer: Consumer,
  adjust: (lane: PartitionLane) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    ctx.stopping.throwIfAborted();
    try {
      await consumer.connect();
      await checkTopic(ctx);
      await consumer.subscribe({ topic: ctx.topic, fromBeginning: true });
      break;
    } catch (error) {
      if (error instanceof TopicMismatch) throw error;
      // The outbox feeds the projection meanwhile, so there is no end to the tries.
      ctx.log.warn('Kafka cannot be reached; trying again.', { err: error, attempt });
      await sleep(
        backoffMs({ firstMs: KAFKA.connectFirstMs, maxMs: KAFKA.connectMaxMs }, attempt),
        ctx.stopping,
      );
    }
  }
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: KAFKA.partitionsConcurrently,
    eachBatch: (payload) => Promise.resolve(takeBatch(ctx, payload, adjust)),
  });
}

async function checkTopic({ kafka, topic, lanes }: ConsumerContext): Promise<void> {
  const count = await partitionsOfTopic(kafka, topic);
  if (count === undefined) throw new Error(`there is no topic ${topic}: run npm run db:setup`);
  if (count === lanes.length) return;
  throw new TopicMismatch(`topic ${topic} has ${count} partitions, the ledger has ${lanes.length}`);
}

function takeBatch(
  ctx: ConsumerContext,
  payload: EachBatchPayload,
  adjust: (lane: PartitionLane) => void,
): void {
  const { partition, messages } = payload.batch;
  const lane = ctx.lanes[partition];
  if (lane === undefined)
    return ctx.fail(`Topic ${ctx.topic} has a partition ${partition}, the event store has not.`);
  const records = messages.map((message) => recordOf(partition, message));
  ctx.onRecords(partition, records);
  const last = messages.at(-1);
  if (last !== undefined) payload.resolveOffset(last.offset);
  adjust(lane);
}

function commitRegularly(ctx: ConsumerContext, consumer: Consumer): { stop: () => Promise<void> } {
  const committed = new Map<number, bigint>();
  const commit = async (): Promise<void> => {
    const moved = ctx.lanes.flatMap(({ partition, nextOffset }) =>
      nextOffset === undefined || committed.get(partition) === nextOffset
        ? []
        : [{ partition, nextOffset }],
    );
    if (moved.length === 0) return;
    try {
      await consumer.commitOffsets(
        moved.map(({ partition, nextOffset }) => ({
          topic: ctx.topic,
          partition,
          offset: String(nextOffset),
        })),
      );
      for (const { partition, nextOffset } of moved) committed.set(partition, nextOffset);
    } catch (error) {
      ctx.log.info('Offsets were not committed; they are a hint only.', { err: error });
    }
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= commit().finally(() => {
      running = undefined;
    });
  }, KAFKA.commitEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await commit();
    },
  };
}
