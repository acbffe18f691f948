/** A message from Kafka as a record of the log, by its headers. */
import type { KafkaMessage } from 'kafkajs';
import { canonicalUuid } from '#platform/uuid.ts';
import { countEvents } from './record-outline.ts';
import type { LogRecord } from './record-outline.ts';

/** Its seq is 0 when its headers do not say which record it is. */
export function recordOf(partition: number, message: KafkaMessage): LogRecord {
  const seq = headerText(message, 'seq') ?? '';
  const batchId = canonicalUuid(headerText(message, 'batchId') ?? '');
  const isPlaced = /^[1-9]\d{0,17}$/.test(seq) && batchId !== undefined;
  const payload = message.value ?? Buffer.alloc(0);
  return {
    partition,
    seq: isPlaced ? BigInt(seq) : 0n,
    batchId: batchId ?? '',
    previousBatchId: canonicalUuid(headerText(message, 'previousBatchId') ?? ''),
    traceparent: headerText(message, 'traceparent'),
    receivedAtMs: Date.now(),
    payload,
    source: 'kafka',
    offset: BigInt(message.offset),
    eventCount: countEvents(payload),
    headers: message.headers,
  };
}

/** Debezium writes a header that has no value as one that is null. */
function headerText(message: KafkaMessage, name: string): string | undefined {
  const value: unknown = message.headers?.[name];
  const one: unknown = Array.isArray(value) ? value[0] : value;
  const text = typeof one === 'string' || Buffer.isBuffer(one) ? one.toString() : '';
  return text === '' ? undefined : text;
}
