/** Making topics on a real Kafka. */
import { ConfigResourceTypes } from 'kafkajs';
import { expect, inject, test } from 'vitest';
import { TopicMismatch, createKafka, createTopics, partitionsOfTopic } from '#platform/kafka.ts';

test('topics are made once, with partitions and settings; other counts are refused', async () => {
  const kafka = createKafka(inject('stack').kafkaBrokers, 'platform-test');
  const name = `platform-test-${process.pid}`;
  const topic = {
    name,
    partitions: 3,
    replicationFactor: 1,
    settings: { 'retention.ms': '60000' },
  };
  expect(await partitionsOfTopic(kafka, name)).toBeUndefined();
  expect(await createTopics(kafka, [topic])).toEqual([name]);
  expect(await createTopics(kafka, [topic])).toEqual([]);
  expect(await partitionsOfTopic(kafka, name)).toBe(3);
  const other = createTopics(kafka, [{ ...topic, partitions: 4 }]);
  await expect(other).rejects.toThrow(TopicMismatch);
  await expect(other).rejects.toThrow(`topic ${name} has 3 partitions, 4 are needed`);

  const admin = kafka.admin();
  await admin.connect();
  const { resources } = await admin.describeConfigs({
    resources: [{ type: ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms'] }],
    includeSynonyms: false,
  });
  expect(resources[0]?.configEntries[0]?.configValue).toBe('60000');
  await admin.deleteTopics({ topics: [name] });
  await admin.disconnect();
});
