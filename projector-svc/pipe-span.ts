/**
 * The time of a record in the pipe, as a span in its batch's trace: from its time in the event
 * store to its coming here, by Debezium and Kafka or read from the outbox. Made by the projector,
 * for sampled batches only: nobody else sees both ends. It goes by two machines' clocks.
 */
import { SpanKind, type Attributes } from '@opentelemetry/api';
import { contextOfTraceparent, isSampled, tracer } from '#platform/telemetry.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import { TOPIC } from './config.ts';
import type { LogRecord } from './record-outline.ts';

const MICROS_PER_MS = 1_000;

export function tellPipe(outlined: readonly OutlinedRecord[]): void {
  for (const { record, outline } of outlined) {
    if (!isSampled(record.traceparent)) continue;
    const storedMs = Number(outline.storedAtMicros) / MICROS_PER_MS;
    const isFromKafka = record.source === 'kafka';
    tracer('projector-svc')
      .startSpan(
        'pipe',
        {
          kind: isFromKafka ? SpanKind.CONSUMER : SpanKind.CLIENT,
          startTime: storedMs,
          attributes: isFromKafka ? messageOf(record) : { 'db.system.name': 'postgresql' },
        },
        contextOfTraceparent(record.traceparent),
      )
      .end(Math.max(storedMs, record.receivedAtMs));
  }
}

function messageOf({ partition, offset, payload }: LogRecord): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'poll',
    'messaging.operation.type': 'receive',
    'messaging.destination.name': TOPIC,
    'messaging.destination.partition.id': String(partition),
    'messaging.kafka.offset': Number(offset ?? 0n),
    'messaging.message.body.size': payload.length,
  };
}
