// How far a consumer group is behind the end of a topic, by what it has committed. A look from
// outside: it joins nothing, and a group that has never committed is behind by all that is there.
import type { Kafka } from 'kafkajs';
import { retryWithBackoff } from './waiting.ts';

export type ConsumerLag = {
  /** Of the topic. */
  partitions: number;
  /** That are in the topic and not committed, in all partitions together. */
  records: bigint;
};

/** A coordinator of the group that has just moved, or is not ready: kafkajs does not ask again. */
const AGAIN = {
  firstMs: 100,
  maxMs: 1000,
  attempts: 5,
  retriable: (error: unknown) => error instanceof Error && error.name === 'KafkaJSProtocolError',
} as const;

/** undefined: there is no such topic. Rejects when Kafka cannot be asked. */
export async function readConsumerLag(
  kafka: Kafka,
  groupId: string,
  topic: string,
  onConnected: () => void = () => undefined,
): Promise<ConsumerLag | undefined> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    onConnected();
    // Asking for the offsets of a missing topic would make it, where the broker allows that.
    if (!(await admin.listTopics()).includes(topic)) return undefined;
    const ends = await admin.fetchTopicOffsets(topic);
    const [group] = await retryWithBackoff(AGAIN, () =>
      admin.fetchOffsets({ groupId, topics: [topic] }),
    );
    const committed = new Map(
      group?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]),
    );
    const records = ends.reduce(
      (sum, end) => sum + lagOf(BigInt(end.low), BigInt(end.high), committed.get(end.partition)),
      0n,
    );
    return { partitions: ends.length, records };
  } finally {
    await admin.disconnect();
  }
}

/** What was committed for an older topic of that name is outside of this one: all is to be read. */
function lagOf(low: bigint, high: bigint, committed = -1n): bigint {
  return high - (committed >= low && committed <= high ? committed : low);
}
