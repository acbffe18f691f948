/**
 * Nothing is left out and nothing told twice: a feed that is cut and resumed 500 times while two
 * replicas write, and the interleaving in which a feed by one number for the whole log would leave
 * an event out for ever.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import type { AccountEvent } from '#proto/bank/v1/event_log_service.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { openEventLogServer, type EventLogServer } from '#test/support/event-log-server.ts';
import { follow, placesOf, type FeedRequest } from '#test/support/feed-client.ts';
import { startLogWriters } from '#test/support/log-writers.ts';
import { plantLogRow, plantRow, recordsOfAllTypes } from '#test/support/planted-log.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { uuidOf } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

const CUTS = 500;
const LONG_ROWS = 8;
const LONG_ROW_EVENTS = 2_300;
const { FEED_STATE_CAUGHT_UP: CAUGHT_UP } = FeedState;

let databases: Databases;
let server: EventLogServer;

beforeAll(async () => {
  databases = await openDatabases();
  server = await openEventLogServer(databases.eventStoreUrl('bank_command'));
});

afterAll(async () => {
  await server.close();
  await databases.close();
});

const from = (resumeToken: string): FeedRequest => ({
  start: { $case: 'resumeToken', value: resumeToken },
});

it('gives exactly the log when it is cut and resumed 500 times under writes', async () => {
  const random = seededRandom(freshSeed());
  // Rows that are longer than a message, so that streams are cut within a row too.
  for (let row = 0; row < LONG_ROWS; row++) {
    await plantLogRow(databases.eventStore, row, longRow());
  }
  const url = databases.eventStoreUrl('bank_command');
  const writers = await startLogWriters(url, random, server.eventLog.mayHaveMoved);
  const told: AccountEvent[] = [];
  let token = '';
  let cutsWithinRows = 0;
  for (let cut = 0; cut < CUTS; cut++) {
    const reading = follow(server.client, from(token));
    const wanted = 1 + random.below(3);
    await until('a message', () => reading.messages.length >= wanted, { everyMs: 1 });
    const kept = reading.messages.slice(0, wanted);
    await reading.cut();
    for (const message of kept) told.push(...message.events);
    token = kept.at(-1)?.resumeToken ?? token;
    if (isWithinRow(kept.at(-1)?.events.at(-1))) cutsWithinRows++;
  }
  await writers.stop();
  const last = follow(server.client, from(token));
  await last.until(CAUGHT_UP);
  await last.cut();
  told.push(...last.events());
  expect(byPartition(placesOf(told))).toEqual(byPartition(await placesInLog(databases.eventStore)));
  expect(cutsWithinRows).toBeGreaterThan(0);
}, 180_000);

it('waits for an append that commits late, and tells it in its place', async () => {
  const start: FeedRequest = { partitions: [9, 10], start: { $case: 'fromNow', value: true } };
  const reading = follow(server.client, start);
  await reading.until(CAUGHT_UP);
  const late = await databases.eventStore.connect();
  await late.query('begin');
  await late.query('update partition_heads set seq = seq + 1 where partition = 9');
  const behind = plantRow(databases.eventStore, 9, { events: recordsOfAllTypes(randomUUID()) });
  const quick = await plantRow(databases.eventStore, 10, {
    events: recordsOfAllTypes(randomUUID()).slice(0, 1),
  });
  await reading.untilEvents(1);
  expect(reading.events()[0]?.position).toEqual({ partition: 10, seq: quick.seq });
  const [one] = recordsOfAllTypes(randomUUID());
  const batch = EventBatch.fromPartial({ partition: 9, events: one === undefined ? [] : [one] });
  await late.query(
    `insert into outbox (partition, seq, batch_id, aggregateid, type, stored_at, account_ids,
                         payload)
     select 9, seq, gen_random_uuid(), '9', 'EventBatch', now(), '{}', $1
       from partition_heads where partition = 9`,
    [Buffer.from(EventBatch.encode(batch).finish())],
  );
  await late.query('commit');
  late.release();
  const next = await behind;
  await reading.untilEvents(2 + next.batch.events.length);
  await reading.cut();
  const seqs = reading.events().map(({ position }) => position?.seq);
  const rest = next.batch.events.map(() => next.seq);
  expect(seqs).toEqual([quick.seq, next.seq - 1n, ...rest]);
});

function longRow(): Partial<EventBatch> {
  const records = Array.from({ length: LONG_ROW_EVENTS }, () => recordsOfAllTypes(randomUUID())[0]);
  return { events: records.filter((record) => record !== undefined) };
}

/** A long row's events end where its last event stands. */
function isWithinRow(event: AccountEvent | undefined): boolean {
  return event?.position?.seq === 1n && (event.position.partition ?? 0) < LONG_ROWS;
}

async function placesInLog(db: pg.Pool): Promise<string[]> {
  const { rows } = await db.query<{ partition: number; seq: bigint; payload: Buffer }>(
    'select partition, seq, payload from outbox order by partition, seq',
  );
  return rows.flatMap(({ partition, seq, payload }) =>
    EventBatch.decode(payload).events.map(({ accountId, version }) =>
      [partition, seq, uuidOf(accountId), version].join('/'),
    ),
  );
}

/** In the order in which they came: that of each partition is what counts. */
function byPartition(places: readonly string[]): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const place of places) (lists[place.split('/')[0] ?? ''] ??= []).push(place);
  return lists;
}
