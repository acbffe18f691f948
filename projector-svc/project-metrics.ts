/**
 * What the transactions of the projection are like, as metrics: their size and duration, and how
 * old each record was when it came and when readers could see it. project-batch.ts tells it, once a
 * transaction; a record is a batch of command-svc.
 */
import { COUNTS, SECONDS, counter, histogram, isSampled } from '#platform/telemetry.ts';
import type { BatchRows } from './batch-rows.ts';

const MS_PER_SECOND = 1_000;
const MICROS_PER_MS = 1_000;
/** What the next transaction tells counts for so much of the mean. */
const NEWEST_SHARE = 0.1;

const events = counter('bank.projector.events', 'Events applied to the projection.', '{event}');
const records = counter(
  'bank.projector.records',
  'Records (a batch each) applied to the projection, by what brought them: kafka, outbox.',
  '{record}',
  ['source'],
);
const filled = counter(
  'bank.projector.filled_records',
  'Records read from the outbox because Kafka had not brought them; without faults there are none.',
  '{record}',
  ['partition'],
);
const batchEvents = histogram(
  'bank.projector.batch.events',
  'Events of a transaction.',
  '{event}',
  COUNTS,
);
const batchDuration = histogram(
  'bank.projector.batch.duration',
  'A transaction of the projection, from its records to its notice: projected or failed.',
  's',
  SECONDS,
  ['outcome'],
);
const pipeDuration = histogram(
  'bank.projector.pipe.duration',
  'A record from its time in the event store to its coming to the projector, by what brought it.',
  's',
  SECONDS,
  ['source'],
);
const visibleAge = histogram(
  'bank.projector.visible.age',
  'A record from its time in the event store until readers could see it: end to end.',
  's',
  SECONDS,
);

let eventsARecord = 0;

/** The mean of what was projected last. */
export function eventsARecordLately(): number {
  return eventsARecord;
}

export function noteProjected(batch: BatchRows, startedMs: number): void {
  const visibleMs = Date.now();
  const fromOutbox = batch.rows.filledRecords;
  const { outlined } = batch;
  events.add(batch.events);
  if (outlined.length > fromOutbox) records.add(outlined.length - fromOutbox, { source: 'kafka' });
  if (fromOutbox > 0) {
    records.add(fromOutbox, { source: 'outbox' });
    filled.add(fromOutbox, { partition: batch.rows.partition });
  }
  batchEvents.record(batch.events);
  const sampled = outlined.find(({ record }) => isSampled(record.traceparent));
  const { traceparent } = sampled?.record ?? {};
  batchDuration.record(secondsSince(startedMs), { outcome: 'projected' }, traceparent);
  for (const { record, outline } of outlined) {
    const storedMs = Number(outline.storedAtMicros) / MICROS_PER_MS;
    const { source } = record;
    const { traceparent } = record;
    pipeDuration.record(seconds(record.receivedAtMs - storedMs), { source }, traceparent);
    visibleAge.record(seconds(visibleMs - storedMs), {}, traceparent);
  }
  const now = batch.events / outlined.length;
  eventsARecord = eventsARecord === 0 ? now : eventsARecord + (now - eventsARecord) * NEWEST_SHARE;
}

export function noteFailed(startedMs: number): void {
  batchDuration.record(secondsSince(startedMs), { outcome: 'failed' });
}

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / MS_PER_SECOND;
}

/** Two machines' clocks may differ: never below nothing. */
function seconds(ms: number): number {
  return Math.max(0, ms) / MS_PER_SECOND;
}
