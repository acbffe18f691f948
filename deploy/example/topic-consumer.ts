/**
 * A consumer outside of the bank, by kafkajs, shown in docs/contract.md: it has every record of the
 * topic `bank.account-events` taken by a TopicReader (topic-reader.ts). It starts at the topic's
 * beginning where its group has no offsets yet. A batch that could not be stored comes again, by
 * kafkajs.
 */
import type { Consumer } from 'kafkajs';
import type { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { MissingRecords, type Store, type TopicReader } from './topic-reader.ts';

export type TopicWork = {
  /** Stores what it makes of the events, and with it the position: both or neither. */
  readonly store: Store;
  /** Stores what was not brought, read by SubscribeToEvents, and sets `reader.applied` so far. */
  readonly fill: (partition: number, reader: TopicReader) => Promise<void>;
};

export async function consumeTopic(consumer: Consumer, reader: TopicReader, work: TopicWork) {
  await consumer.connect();
  await consumer.subscribe({ topic: 'bank.account-events', fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message: { headers, value } }) => {
      const seq = String(headers?.['seq']);
      const record = { partition, headers: { seq }, value: value ?? Buffer.alloc(0) };
      try {
        await reader.take(record, work.store);
      } catch (error) {
        if (!(error instanceof MissingRecords)) throw error;
        await work.fill(partition, reader);
        await reader.take(record, work.store);
      }
    },
  });
}

/** What each event says, and what its account has after it. */
export function factsOf({ events }: EventBatch) {
  return events.map(({ accountId, version, recordedAtMicros, event }) => ({
    accountId: uuidText(accountId),
    version,
    recordedAt: new Date(Number(recordedAtMicros / 1000n)),
    what: event?.body?.$case, // moneyDeposited, transferSent, ...: its value has the details
    balanceMinor: event?.after?.balanceMinor,
    currencyCode: event?.after?.currencyCode,
  }));
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
