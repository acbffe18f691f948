/**
 * A projector's world of one test file: databases of its own, a topic and a consumer group of its
 * own, the log written as the command side writes it, records sent as Debezium sends them, and
 * projectors in this process. What is stored and what comes by Kafka are two things: a test leaves
 * out, repeats and delays what it likes.
 */
import { randomUUID } from 'node:crypto';
import type { Producer } from 'kafkajs';
import { inject } from 'vitest';
import { Closers } from '#platform/closers.ts';
import { KAFKA_PLAINTEXT } from '#platform/kafka-security.ts';
import { createKafka, createTopics } from '#platform/kafka.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createLogger } from '#platform/logger.ts';
import { NO_AUTH } from '#platform/auth-settings.ts';
import { SERVER_LIMITS } from '#platform/server-limits.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { until } from '#test/support/until.ts';
import type { ProjectorConfig } from '../../../projector-svc/config.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { startProjector } from '../../../projector-svc/start-projector.ts';

export type Replica = {
  address: string;
  /** What it gave as the reason to end its process. */
  failures: string[];
  logged: (text: string) => boolean;
  stop: () => Promise<void>;
};

export type ReplicaOptions = Partial<Pick<ProjectorConfig, 'kafkaBrokers' | 'normal' | 'bulk'>>;

export type World = {
  databases: Databases;
  topic: string;
  group: string;
  kafka: ReturnType<typeof createKafka>;
  /** The position behind the last one that was asked for. */
  nextSeq: (partition: number) => bigint;
  /**
   * Writes records into the event store's log; of one that cannot be read, the accounts are given.
   */
  store: (records: readonly LogRecord[], accountIds?: readonly string[]) => Promise<void>;
  /** Sends records to the topic, in the order given. */
  send: (records: readonly LogRecord[]) => Promise<void>;
  startReplica: (name?: string, options?: ReplicaOptions) => Promise<Replica>;
  appliedSeq: (partition: number) => Promise<bigint>;
  /** How many records were filled, in one partition or in all. */
  filled: (partition?: number) => Promise<bigint>;
  /** Waits until the partition is at seq. */
  applied: (partition: number, seq: bigint, timeoutMs?: number) => Promise<void>;
  close: () => Promise<void>;
};

const PARTITIONS = 16;
let worlds = 0;

export async function openWorld(): Promise<World> {
  const facts = inject('stack');
  const databases = await openDatabases();
  const kafka = createKafka(facts.kafkaBrokers, 'projector-test');
  const name = `projector-test-${process.pid}-${++worlds}`;
  await createTopics(kafka, [{ name, partitions: PARTITIONS, replicationFactor: 1 }]);
  const producer = kafka.producer();
  await producer.connect();
  const replicas = new Set<Replica>();
  const positions = new Map<number, bigint>();
  const appliedSeq = (partition: number): Promise<bigint> => readApplied(databases, partition);
  return {
    databases,
    topic: name,
    group: name,
    kafka,
    nextSeq(partition) {
      const seq = (positions.get(partition) ?? 0n) + 1n;
      positions.set(partition, seq);
      return seq;
    },
    store: (records, accountIds) => store(databases, records, accountIds),
    send: (records) => send(producer, name, records),
    async startReplica(instance = `replica-${replicas.size + 1}`, options = {}) {
      const replica = await startReplica(databases, name, instance, options);
      replicas.add(replica);
      return replica;
    },
    appliedSeq,
    filled: async (partition) => {
      const { rows } = await databases.projectionStore.query<{ sum: bigint }>(
        `select sum(filled_records)::bigint as sum from projected_heads
          where partition = coalesce($1, partition)`,
        [partition ?? null],
      );
      return rows[0]?.sum ?? 0n;
    },
    async applied(partition, seq, timeoutMs = 20_000) {
      const what = `partition ${partition} at ${seq}`;
      await until(what, async () => (await appliedSeq(partition)) >= seq, { timeoutMs });
    },
    async close() {
      await Promise.all([...replicas].map((replica) => replica.stop()));
      await producer.disconnect();
      await databases.close();
    },
  };
}

async function readApplied({ projectionStore }: Databases, partition: number): Promise<bigint> {
  const sql = 'select seq from projected_heads where partition = $1';
  const { rows } = await projectionStore.query<{ seq: bigint }>(sql, [partition]);
  return rows[0]?.seq ?? -1n;
}

async function store(
  { eventStore }: Databases,
  records: readonly LogRecord[],
  accountIds?: readonly string[],
): Promise<void> {
  await eventStore.query(
    `with rows as (
       select * from unnest($1::integer[], $2::bigint[], $3::uuid[], $4::text[], $5::bytea[],
                            $6::text[], $7::uuid[])
         as r (partition, seq, batch_id, traceparent, payload, accounts, previous_batch_id)),
     newest as (select partition, max(seq) as seq from rows group by partition),
     heads as (update partition_heads h set seq = greatest(h.seq, n.seq)
                 from newest n where h.partition = n.partition)
     insert into outbox (partition, seq, batch_id, previous_batch_id, aggregateid, type,
                         traceparent, stored_at, account_ids, payload)
     select partition, seq, batch_id, previous_batch_id, partition::text, 'EventBatch',
            traceparent, now(), accounts::uuid[], payload
       from rows`,
    [
      records.map((record) => record.partition),
      records.map((record) => record.seq),
      records.map((record) => record.batchId),
      records.map((record) => record.traceparent ?? null),
      records.map((record) => record.payload),
      records.map((record) => `{${(accountIds ?? accountsOf(record)).join(',')}}`),
      records.map((record) => record.previousBatchId ?? null),
    ],
  );
}

function accountsOf({ payload }: LogRecord): string[] {
  try {
    const { events } = EventBatch.decode(payload);
    return [...new Set(events.map(({ accountId }) => uuidFromBytes(accountId)))];
  } catch {
    return [];
  }
}

async function send(
  producer: Producer,
  topic: string,
  records: readonly LogRecord[],
): Promise<void> {
  await producer.send({
    topic,
    acks: -1,
    messages: records.map((record) => ({
      key: String(record.partition),
      partition: record.partition,
      value: record.payload,
      headers: {
        eventType: 'EventBatch',
        ...(record.seq > 0n && { seq: String(record.seq), batchId: record.batchId }),
        ...(record.traceparent === undefined ? {} : { traceparent: record.traceparent }),
      },
    })),
  });
}

async function startReplica(
  databases: Databases,
  topic: string,
  instance: string,
  options: ReplicaOptions,
): Promise<Replica> {
  const { redisUrl, kafkaBrokers } = inject('stack');
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = createLogger({ service: 'projector-svc', instance, level: 'info', write });
  const closers = new Closers(log);
  const stopping = new AbortController();
  const failures: string[] = [];
  const ctx: ServiceContext = {
    closers,
    log,
    stopping: stopping.signal,
    fail: (reason, cause) => {
      failures.push(cause instanceof Error ? `${reason} ${cause.message}` : reason);
    },
  };
  const address = await startProjector(
    {
      eventStoreUrl: databases.eventStoreUrl('bank_projector'),
      projectionStoreUrl: databases.projectionStoreUrl('bank_projector'),
      redisUrl,
      kafkaBrokers,
      kafkaSecurity: KAFKA_PLAINTEXT,
      topic,
      consumerGroup: topic,
      connectUrl: undefined,
      connectorFile: undefined,
      listen: { host: '127.0.0.1', port: 0 },
      tls: undefined,
      server: SERVER_LIMITS,
      auth: NO_AUTH,
      quotas: { requestsPerSecond: 0, itemsPerSecond: 0, streamsMax: 0 },
      instance: `${instance}-${randomUUID().slice(0, 8)}`,
      logLevel: 'info',
      normal: { batchEventsMax: 500, batchTimeoutMs: 100 },
      bulk: { batchEventsMax: 2_000, batchTimeoutMs: 25 },
      ...options,
    },
    ctx,
  );
  let stopped: Promise<void> | undefined;
  return {
    address,
    failures,
    logged: (text) => lines.some((line) => line.includes(text)),
    stop: () => {
      stopping.abort(new Error('the test stops it'));
      return (stopped ??= closers.closeAll());
    },
  };
}
