/**
 * What the feed copies out of a packed row is what the generated code makes of it, for rows of any
 * content; bytes that are no row are an error that names it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestampFromMicros } from '#platform/timestamps.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch, type EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { Event, EventType } from '#proto/bank/event/v1/events.ts';
import { SubscribeToEventsResponse, type AccountEvent } from '#proto/bank/v1/event_log_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { storedFixtures } from '#test/support/planted-log.ts';
import { FeedMessage, positionBytes } from '../../../command-svc/feed-message.ts';
import { LogRecord } from '../../../command-svc/log-record.ts';
import { openLogRow, UnreadableRowError } from '../../../command-svc/log-row.ts';
import type { LogRow } from '../../../command-svc/sql/read-log-rows.ts';

const fixtures = storedFixtures('events-v1.json');
const events = fixtures.map(({ hex }) => Event.decode(Buffer.from(hex, 'hex')));
const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
const record: fc.Arbitrary<EventRecord> = fc.record({
  accountId: id,
  version: fc.bigInt({ min: 1n, max: 2n ** 62n }),
  type: fc.constantFrom(...Object.values(EventType).filter((type) => type > 0)),
  recordedAtMicros: fc.bigInt({ min: 0n, max: 2n ** 52n }),
  operationId: fc.oneof(fc.constant(new Uint8Array(0)), id),
  event: fc.constantFrom(...events),
  submissionNumber: fc.integer({ min: 0, max: 2 }),
  itemIndex: fc.bigInt({ min: 0n, max: 2n ** 50n }),
  commandNumber: fc.integer({ min: 0, max: 5_000 }),
});
const content = fc.record({
  partition: fc.integer({ min: 0, max: 1023 }),
  seq: fc.bigInt({ min: 1n, max: 2n ** 62n }),
  records: fc.array(record, { maxLength: 8 }),
  submissionIds: fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ maxLength: 128 })),
});
type Content = {
  partition: number;
  seq: bigint;
  records: EventRecord[];
  submissionIds: [string, string];
};

function packed({ partition, seq, records, submissionIds }: Content): LogRow {
  const batch = EventBatch.fromPartial({
    batchId: new Uint8Array(16),
    partition,
    storedAtMicros: 1n,
    submissions: submissionIds.map((submissionId) => ({ tenant: 'someone', submissionId })),
    others: [{ partition: 1, seq: 2n }],
  });
  batch.events = records;
  return { partition, seq, payload: Buffer.from(EventBatch.encode(batch).finish()) };
}

function told({ partition, seq, submissionIds }: Content, one: EventRecord): AccountEvent {
  const { submissionNumber: number, operationId } = one;
  return {
    accountId: uuidFromBytes(one.accountId),
    version: one.version,
    type: one.type,
    recordedAt: timestampFromMicros(one.recordedAtMicros),
    operationId: operationId.length === 0 ? '' : uuidFromBytes(operationId),
    submissionId: number === 0 ? '' : (submissionIds[number - 1] ?? ''),
    itemIndex: number === 0 ? undefined : one.itemIndex,
    event: one.event,
    position: { partition, seq },
    hash: new Uint8Array(0),
  };
}

function written(row: LogRow, state: FeedState): SubscribeToEventsResponse {
  const opened = openLogRow(row);
  const message = new FeedMessage(row.payload.length);
  const place = new LogRecord();
  for (const span of opened.events) {
    place.read(opened, span);
    message.addEvent(opened, place, positionBytes(row.partition, row.seq));
  }
  return SubscribeToEventsResponse.decode(message.finish('a token', state));
}

describe('a message of the feed', () => {
  it('holds what the row holds', () => {
    fc.assert(
      fc.property(content, fc.constantFrom(0 as const, 1 as const, 2 as const), (row, state) => {
        expect(written(packed(row), state)).toEqual({
          resumeToken: 'a token',
          events: row.records.map((one) => told(row, one)),
          state,
        });
      }),
    );
  });

  it('carries each fixture as it is stored', () => {
    for (const { name, hex } of storedFixtures('event-batches-v1.json')) {
      const payload = Buffer.from(hex, 'hex');
      const batch = EventBatch.decode(payload);
      const row = { partition: batch.partition, seq: 7n, payload };
      const { events: sent } = written(row, FeedState.FEED_STATE_UNSPECIFIED);
      expect(
        sent.map(({ event }) => event),
        name,
      ).toEqual(batch.events.map(({ event }) => event));
    }
  });
});

describe('bytes that are no row', () => {
  it('are an error that names the position, never a guess', () => {
    fc.assert(
      fc.property(content, fc.nat(), (given, cutAt) => {
        fc.pre(given.records.length > 0);
        const whole = packed(given);
        const payload = whole.payload.subarray(0, cutAt % whole.payload.length);
        const row = { ...whole, payload };
        let decoded: EventBatch | undefined;
        try {
          decoded = EventBatch.decode(payload);
        } catch {
          expect(() => written(row, 0)).toThrow(UnreadableRowError);
          expect(() => written(row, 0)).toThrow(`position ${given.seq} of partition`);
        }
        // Cut between two fields it is a row with less in it.
        if (decoded !== undefined && decoded.submissions.length === 2) {
          expect(written(row, 0).events).toHaveLength(decoded.events.length);
        }
      }),
    );
  });

  it.each([
    ['without an account', { ...EventBatch.fromPartial({ events: [{ version: 1n }] }) }],
    ['with an id of three bytes', batchOf({ accountId: new Uint8Array(3) })],
    ['without a version', batchOf({ version: 0n })],
    ['without a body', batchOf({ event: undefined })],
    ['of a submission that the row lacks', batchOf({ submissionNumber: 1 })],
  ])('such as an event %s', (_, batch) => {
    const payload = Buffer.from(EventBatch.encode(batch).finish());
    expect(() => written({ partition: 3, seq: 9n, payload }, 0)).toThrow(
      'position 9 of partition 3 has an event',
    );
  });
});

function batchOf(change: Partial<EventRecord>): EventBatch {
  const accountId = new Uint8Array(16);
  const event = events[0];
  const batch = EventBatch.fromPartial({ events: [{ accountId, version: 1n, type: 1 }] });
  batch.events = batch.events.map((one) => ({ ...one, event, ...change }));
  return batch;
}
