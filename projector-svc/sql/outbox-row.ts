/** A row of the event store's outbox as a record of the log. */
import { countEvents } from '../record-outline.ts';
import type { LogRecord } from '../record-outline.ts';

export type OutboxRow = {
  seq: bigint;
  batch_id: string;
  previous_batch_id: string | null;
  traceparent: string | null;
  payload: Buffer;
};

export function recordOfRow(partition: number, row: OutboxRow): LogRecord {
  return {
    partition,
    seq: row.seq,
    batchId: row.batch_id,
    previousBatchId: row.previous_batch_id ?? undefined,
    traceparent: row.traceparent ?? undefined,
    receivedAtMs: Date.now(),
    payload: row.payload,
    source: 'outbox',
    offset: undefined,
    eventCount: countEvents(row.payload),
  };
}
