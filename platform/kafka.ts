// Kafka through kafkajs: a client that logs to our log and never makes a topic by itself, and the
// making of topics with an exact number of partitions (done by db:setup, before anything consumes
// or produces). A topic that is there with another number of partitions is an error: every row of
// the log names its partition.
import { Kafka, logLevel } from 'kafkajs';
import type { LogEntry, logCreator } from 'kafkajs';
import { boundHeaders } from './kafka-headers.ts';
import { checkOnlyWhatWaits } from './kafka-idle-timers.ts';
import { KAFKA_PLAINTEXT, type KafkaSecurity } from './kafka-security.ts';
import type { Logger } from './logger.ts';
import { retryWithBackoff } from './waiting.ts';

boundHeaders();
checkOnlyWhatWaits();

const CONNECT_TIMEOUT_MS = 3000;
const REQUEST_TIMEOUT_MS = 15_000;
const TOPIC_TIMEOUT_MS = 10_000;
const KNOWN_RETRY = { firstMs: 50, maxMs: 1000, attempts: 20 } as const;
const RETRY = { initialRetryTime: 100, maxRetryTime: 2000, retries: 8 } as const;

export type TopicSpec = {
  name: string;
  partitions: number;
  replicationFactor: number;
  /** For instance {'retention.ms': '604800000'}; for a new topic only. */
  settings?: Record<string, string>;
};

/** A topic is there, but not as it must be. */
export class TopicMismatch extends Error {
  override readonly name = 'TopicMismatch';
}

/** `security`: TLS and SASL; default: neither. */
export type KafkaOptions = { retries?: number; security?: KafkaSecurity };

export function createKafka(
  brokers: string[],
  clientId: string,
  log?: Logger,
  { retries = RETRY.retries, security = KAFKA_PLAINTEXT }: KafkaOptions = {},
): Kafka {
  return new Kafka({
    brokers,
    clientId,
    ...security,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { ...RETRY, retries },
    logLevel: log === undefined ? logLevel.NOTHING : logLevel.WARN,
    ...(log === undefined ? {} : { logCreator: logTo(log) }),
  });
}

/** Makes the topics that are missing and checks all of them. Answers the names of those it made. */
export async function createTopics(kafka: Kafka, topics: readonly TopicSpec[]): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const present = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !present.has(topic.name));
    if (missing.length > 0) {
      await admin.createTopics({
        waitForLeaders: false, // it gives up on a broker that has not heard of them yet
        timeout: TOPIC_TIMEOUT_MS,
        topics: missing.map((topic) => ({
          topic: topic.name,
          numPartitions: topic.partitions,
          replicationFactor: topic.replicationFactor,
          configEntries: settingsOf(topic),
        })),
      });
    }
    for (const { name } of missing) await untilKnown(admin, name);
    await checkPartitions(admin, topics);
    return missing.map((topic) => topic.name);
  } finally {
    await admin.disconnect();
  }
}

/** How many partitions a topic has; undefined when there is no such topic. */
export async function partitionsOfTopic(kafka: Kafka, topic: string): Promise<number | undefined> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await countPartitions(admin, topic);
  } finally {
    await admin.disconnect();
  }
}

type Admin = ReturnType<Kafka['admin']>;

/** Brokers hear of a new topic, and who leads its partitions, a moment after it was made. */
async function untilKnown(admin: Admin, topic: string): Promise<void> {
  await retryWithBackoff({ ...KNOWN_RETRY, retriable: isRetriable }, async () => {
    if ((await countPartitions(admin, topic)) === undefined)
      throw new TopicUnknown(`the topic ${topic} is not known yet`);
  });
}

class TopicUnknown extends Error {
  override readonly name = 'TopicUnknown';
  readonly retriable = true;
}

function isRetriable(error: unknown): boolean {
  return error instanceof Error && 'retriable' in error && error.retriable === true;
}

async function checkPartitions(admin: Admin, topics: readonly TopicSpec[]): Promise<void> {
  for (const topic of topics) {
    const count = await countPartitions(admin, topic.name);
    if (count === topic.partitions) continue;
    throw new TopicMismatch(
      `topic ${topic.name} has ${count ?? 0} partitions, ${topic.partitions} are needed: ` +
        'set BANK_PARTITIONS to what was used at set-up, or use another Kafka',
    );
  }
}

async function countPartitions(admin: Admin, topic: string): Promise<number | undefined> {
  // Asking for the metadata of a topic that is missing would make it, where the broker allows that.
  if (!(await admin.listTopics()).includes(topic)) return undefined;
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0]?.partitions.length;
}

function settingsOf(topic: TopicSpec): { name: string; value: string }[] {
  return Object.entries(topic.settings ?? {}).map(([name, value]) => ({ name, value }));
}

function logTo(log: Logger): logCreator {
  return () => (entry: LogEntry) => {
    const { message, timestamp: _timestamp, ...data } = entry.log;
    const write = entry.level <= logLevel.ERROR ? log.error : log.warn;
    write(`kafkajs: ${message}`, { namespace: entry.namespace, ...data });
  };
}
