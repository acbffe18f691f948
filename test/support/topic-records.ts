/** What each record on the topic says of itself, as Debezium has put it there. */
import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { until } from '#test/support/until.ts';

export type TopicRecordHeaders = {
  readonly partition: number;
  readonly seq: bigint;
  readonly batchId: string;
  /** Empty: it names none. */
  readonly previousBatchId: string;
};

const TOPIC = 'bank.account-events';

/** By `partition/seq`, from the first record that Kafka has up to the heads. */
export async function readTopicRecords(
  kafka: Kafka,
  heads: readonly { readonly partition: number; readonly seq: bigint }[],
): Promise<Map<string, TopicRecordHeaders>> {
  const consumer = kafka.consumer({ groupId: `headers-${randomUUID()}`, maxWaitTimeInMs: 100 });
  const records = new Map<string, TopicRecordHeaders>();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ partition, message: { headers } }) => {
      const said = (name: string): string => headers?.[name]?.toString() ?? '';
      const [batchId, previousBatchId] = [said('batchId'), said('previousBatchId')];
      const seq = BigInt(said('seq'));
      records.set(`${partition}/${seq}`, { partition, seq, batchId, previousBatchId });
      return Promise.resolve();
    },
  });
  await until('the newest record of each partition', () =>
    heads.every(({ partition, seq }) => seq === 0n || records.has(`${partition}/${seq}`)),
  );
  await consumer.disconnect();
  return records;
}
