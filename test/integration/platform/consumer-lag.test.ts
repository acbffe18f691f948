/** How far a group is behind, on a real Kafka: never committed, partly, beyond what is there. */
import { expect, inject, test } from 'vitest';
import { readConsumerLag } from '#platform/consumer-lag.ts';
import { createKafka, createTopics } from '#platform/kafka.ts';

test('a group is behind by what it has not committed, of what is still there', async () => {
  const { kafkaBrokers } = inject('stack');
  const kafka = createKafka(kafkaBrokers, 'platform-test');
  const topic = `lag-test-${process.pid}`;
  const lag = () => readConsumerLag(kafka, topic, topic);
  expect(await lag()).toBeUndefined();
  await createTopics(kafka, [{ name: topic, partitions: 2, replicationFactor: 1 }]);
  expect(await lag()).toEqual({ partitions: 2, records: 0n });

  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: 10 }, (_, n) => ({ value: `${n}`, partition: n % 2 }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  expect(await lag()).toEqual({ partitions: 2, records: 10n });

  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 50 });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.subscribe({ topic });
  await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
  await joined;
  const commit = (partition: number, offset: string) =>
    consumer.commitOffsets([{ topic, partition, offset }]);
  await commit(0, '2');
  expect(await lag()).toEqual({ partitions: 2, records: 8n });
  await commit(1, '99'); // of an older topic of this name
  expect(await lag()).toEqual({ partitions: 2, records: 8n });
  await commit(1, '5');
  expect(await lag()).toEqual({ partitions: 2, records: 3n });
  await consumer.disconnect();

  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
});

test('a Kafka that is away is told soon', async () => {
  const away = createKafka(['127.0.0.1:1'], 'platform-test', undefined, { retries: 1 });
  const startedAt = performance.now();
  await expect(readConsumerLag(away, 'nobody', 'nothing')).rejects.toThrow('ECONNREFUSED');
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
