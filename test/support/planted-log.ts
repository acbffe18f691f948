/**
 * Rows of the log written by plain SQL and the generated code alone: what a test wants to read
 * there, of any event type. Each takes the next position of its partition, as an append does, and
 * its events stand in `events` too.
 */
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { z } from 'zod';
import { uuidToBytes } from '#platform/uuid.ts';
import { EventBatch, type EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { Event, EventType } from '#proto/bank/event/v1/events.ts';
import { uuidOf } from '#test/support/stored-rows.ts';

export type PlantedRow = { partition: number; seq: bigint; batch: EventBatch };

const Fixtures = z.array(z.object({ name: z.string(), hex: z.string(), json: z.unknown() }));
export type Fixture = z.infer<typeof Fixtures>[number];

/** Stored bytes of test/fixtures, with what they mean. */
export function storedFixtures(file: string): Fixture[] {
  const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8');
  return Fixtures.parse(JSON.parse(text));
}

/** An event of each type, of one account: versions from 1 on. */
export function recordsOfAllTypes(accountId: string, owner = 'Ada'): EventRecord[] {
  const types = Object.values(EventType).filter((type) => type > 0);
  const events = new Map(
    storedFixtures('events-v1.json').map(({ hex }) => {
      const event = Event.decode(Buffer.from(hex, 'hex'));
      return [event.body?.$case, event];
    }),
  );
  return [...events.values()].map((event, index) => {
    if (event.body?.$case === 'accountOpened') {
      event.body.value.owner = { form: { $case: 'plain', value: owner } };
    }
    return {
      accountId: uuidToBytes(accountId),
      version: BigInt(index + 1),
      type: types[index] ?? EventType.EVENT_TYPE_UNSPECIFIED,
      recordedAtMicros: 1_780_000_000_123_456n + BigInt(index),
      operationId: index % 2 === 0 ? new Uint8Array(0) : uuidToBytes(randomUUID()),
      event,
      submissionNumber: 0,
      itemIndex: 0n,
      commandNumber: index,
    };
  });
}

/** Appends a row and its events. */
export async function plantRow(
  db: pg.Pool,
  partition: number,
  content: Partial<EventBatch>,
): Promise<PlantedRow> {
  const planted = await plantLogRow(db, partition, content);
  await plantEvents(db, planted.batch.events);
  return planted;
}

/** Appends a row alone; its position is what the partition's head was, plus one. */
export async function plantLogRow(
  db: pg.Pool,
  partition: number,
  content: Partial<EventBatch>,
): Promise<PlantedRow> {
  const batchId = randomUUID();
  const batch = EventBatch.fromPartial({ ...content, batchId: uuidToBytes(batchId), partition });
  const payload = Buffer.from(EventBatch.encode(batch).finish());
  const accounts = [...new Set(batch.events.map(({ accountId }) => uuidOf(accountId)))];
  const { rows } = await db.query<{ seq: bigint }>(
    `with head as (
       update partition_heads set seq = seq + 1 where partition = $1 returning seq)
     insert into outbox (partition, seq, batch_id, aggregateid, type, stored_at, account_ids,
                         payload)
     select $1, seq, $2, $1::text, 'EventBatch', now(), $3, $4 from head returning seq`,
    [partition, batchId, accounts, payload],
  );
  return { partition, seq: rows[0]?.seq ?? 0n, batch };
}

async function plantEvents(db: pg.Pool, records: readonly EventRecord[]): Promise<void> {
  const bytes = records.map(({ event }) =>
    Buffer.from(event === undefined ? [] : Event.encode(event).finish()),
  );
  await db.query(
    `insert into events (account_id, version, recorded_at, type, hash, payload)
     select a, v, to_timestamp(0) + m * interval '1 microsecond', t, sha256(p), p
       from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bytea[])
              as x(a, v, m, t, p)`,
    [
      records.map(({ accountId }) => uuidOf(accountId)),
      records.map(({ version }) => version),
      records.map(({ recordedAtMicros }) => recordedAtMicros),
      records.map(({ type }) => type),
      bytes,
    ],
  );
}
