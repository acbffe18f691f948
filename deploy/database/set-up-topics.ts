// Makes the topics, each with its partitions, before anything consumes or produces; brokers of ours
// never make one by themselves. A topic with another number of partitions is an error.
import { createKafka, createTopics } from '#platform/kafka.ts';
import type { TopicSpec } from '#platform/kafka.ts';
import { KAFKA_PLAINTEXT } from '#platform/kafka-security.ts';
import type { KafkaSecurity } from '#platform/kafka-security.ts';

const MESSAGE_MAX_BYTES = 8 * 1024 * 1024;
const BROKERS_DEFAULT = -1;

export async function setUpTopics(
  brokers: string[],
  partitions: number,
  onStep: (text: string) => void,
  security: KafkaSecurity = KAFKA_PLAINTEXT,
): Promise<void> {
  const kafka = createKafka(brokers, 'bank-db-setup', undefined, { security });
  try {
    for (const name of await createTopics(kafka, topics(partitions))) {
      onStep(`made the topic ${name}`);
    }
  } catch (error) {
    const where = `Kafka at ${brokers.join(',')} (BANK_KAFKA_BROKERS)`;
    throw new Error(`the topics cannot be made on ${where}`, { cause: error });
  }
}

function topics(partitions: number): TopicSpec[] {
  return [
    {
      name: 'bank.account-events',
      partitions,
      replicationFactor: BROKERS_DEFAULT,
      settings: { 'max.message.bytes': String(MESSAGE_MAX_BYTES) },
    },
    {
      name: '__debezium-heartbeat.bank',
      partitions: 1,
      replicationFactor: BROKERS_DEFAULT,
      settings: { 'cleanup.policy': 'compact' },
    },
  ];
}
