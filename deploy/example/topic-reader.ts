/**
 * What an outside consumer of the topic `bank.account-events` does with each record, shown in
 * docs/contract.md: it opens the packed batch, passes over repeats, and finds out when a record is
 * missing. It needs the schema in proto/bank/event/v1 and nothing else of this project.
 */
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { EventType } from '#proto/bank/event/v1/events.ts';

/** A record as Kafka clients give it. */
export type TopicRecord = {
  readonly partition: number;
  readonly headers: { readonly seq: string };
  readonly value: Uint8Array;
};

export type Store = (batch: EventBatch, seq: bigint) => Promise<void>;

/** A record is missing: read the positions between by SubscribeToEvents, or wait for it. */
export class MissingRecords extends Error {
  override readonly name = 'MissingRecords';
}

export class TopicReader {
  /** The last position of each partition that is stored. */
  readonly applied: Map<number, bigint>;

  constructor(applied: ReadonlyMap<number, bigint> = new Map()) {
    this.applied = new Map(applied);
  }

  /**
   * Has the record's batch stored when it is the next one, and passes over a repeat. `store` keeps
   * position and events in one transaction: what it could not store comes again.
   */
  async take({ partition, headers, value }: TopicRecord, store: Store): Promise<void> {
    const seq = BigInt(headers.seq);
    const last = this.applied.get(partition) ?? 0n;
    if (seq <= last) return;
    if (seq > last + 1n) {
      throw new MissingRecords(`partition ${partition}: ${seq} came after ${last}`);
    }
    const batch = EventBatch.decode(value);
    for (const { type, event } of batch.events) {
      // Written by a newer bank: learn the type first, it must not be passed over.
      const isKnown = EventType.UNRECOGNIZED !== type && event?.body !== undefined;
      if (!isKnown) throw new Error(`partition ${partition}, ${seq}: event type ${type}`);
    }
    await store(batch, seq);
    this.applied.set(partition, seq);
  }
}
