/**
 * SubscribeToEvents on a real event store: every event type as it is stored, filters, history, live
 * and marks, tokens, and what a caller who does not read costs. Cutting and resuming is in
 * feed-resumed.test.ts.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidToBytes } from '#platform/uuid.ts';
import type { EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { Event, EventType } from '#proto/bank/event/v1/events.ts';
import {
  EventLogServiceService,
  SubscribeToEventsRequest,
} from '#proto/bank/v1/event_log_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { accountsOfOnePartition } from '#test/support/batch-bench.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { openEventLogServer, type EventLogServer } from '#test/support/event-log-server.ts';
import { follow, placesOf, type FeedReading, type FeedRequest } from '#test/support/feed-client.ts';
import {
  plantLogRow,
  plantRow,
  recordsOfAllTypes,
  type PlantedRow,
} from '#test/support/planted-log.ts';
import { openUnreadCall } from '#test/support/unread-call.ts';
import { until } from '#test/support/until.ts';

const { FEED_STATE_CAUGHT_UP: CAUGHT_UP, FEED_STATE_FELL_BEHIND: FELL_BEHIND } = FeedState;
const PATH = EventLogServiceService.subscribeToEvents.path;
const PARTITIONS = 16;

let databases: Databases;
let server: EventLogServer;
const planted: PlantedRow[] = [];
const owners = ['Ada', 'Bob', 'Cleo'];
const accounts = owners.map(() => randomUUID());

beforeAll(async () => {
  databases = await openDatabases();
  for (const [index, owner] of owners.entries()) {
    const events = recordsOfAllTypes(accounts[index] ?? '', owner);
    const [opened, ...rest] = events.map((event, item) => ({ ...event, itemIndex: BigInt(item) }));
    if (opened === undefined) throw new Error('no events');
    const part = { tenant: '', submissionId: `file-${index}`, accepted: rest.length };
    await plant(index, { events: [opened] });
    await plant(index, {
      events: rest.map((event) => ({ ...event, submissionNumber: 1 })),
      submissions: [{ ...part, acceptedIndexes: new Uint8Array(0) }],
    });
  }
  await plant(3, { submissionClosed: { submissionId: 'file-0', accepted: 13n } });
  server = await openEventLogServer(databases.eventStoreUrl('bank_command'));
});

afterAll(async () => {
  await server.close();
  await databases.close();
});

async function plant(partition: number, content: object): Promise<PlantedRow> {
  const row = await plantRow(databases.eventStore, partition, content);
  planted.push(row);
  return row;
}

/** What is in the log, in the order in which a feed tells it when the partitions are sorted. */
function placesInLog(wanted: (record: EventRecord, row: PlantedRow) => boolean): string[] {
  return planted.flatMap((row) =>
    row.batch.events
      .filter((record) => wanted(record, row))
      .map(({ accountId, version }) => {
        const id = Buffer.from(accountId).toString('hex');
        return [row.partition, row.seq, id, version].join('/');
      }),
  );
}

const toldBy = (reading: FeedReading): string[] =>
  placesOf(reading.events()).map((place) => place.replaceAll('-', ''));

async function caughtUp(request: FeedRequest, from = server): Promise<FeedReading> {
  const reading = follow(from.client, request);
  await reading.until(CAUGHT_UP);
  await reading.cut();
  return reading;
}

describe('a feed', () => {
  it('tells every event of every type as it is stored', async () => {
    const told = (await caughtUp({})).events();
    const records = planted.flatMap((row) => row.batch.events.map((record) => ({ row, record })));
    expect(told).toHaveLength(records.length);
    expect(new Set(told.map(({ type }) => type)).size).toBe(Object.keys(EventType).length - 2);
    for (const { row, record } of records) {
      const accountId = accounts[row.partition] ?? '';
      const event = told.find(
        (one) => one.accountId === accountId && one.version === record.version,
      );
      const isOfFile = record.submissionNumber === 1;
      expect(event?.event).toEqual(record.event);
      expect(event).toMatchObject({
        type: record.type,
        recordedAt: {
          seconds: record.recordedAtMicros / 1_000_000n,
          nanos: Number(record.recordedAtMicros % 1_000_000n) * 1000,
        },
        submissionId: isOfFile ? `file-${row.partition}` : '',
        itemIndex: isOfFile ? record.itemIndex : undefined,
        position: { partition: row.partition, seq: row.seq },
      });
      const operation = event?.operationId === '' ? [] : uuidToBytes(event?.operationId ?? '');
      expect([...operation]).toEqual([...record.operationId]);
    }
  });

  it('tells an event of a type that it does not know as it is', async () => {
    const [opened, second] = recordsOfAllTypes(randomUUID());
    const row = await plant(4, { events: [opened, { ...second, type: 99 }] });
    const [, told] = (await caughtUp({ partitions: [4] })).events();
    expect(told).toMatchObject({ type: 99, position: { partition: 4, seq: row.seq } });
    expect(told?.event).toEqual(second?.event);
  });

  it('is filtered by type, by owner and by partition, and by all of them', async () => {
    const types: EventType[] = [
      EventType.EVENT_TYPE_HOLD_PLACED,
      EventType.EVENT_TYPE_ACCOUNT_CLOSED,
    ];
    const isOfType = (record: EventRecord) => types.includes(record.type);
    expect(toldBy(await caughtUp({ types }))).toEqual(placesInLog(isOfType));
    const two = await caughtUp({ owners: ['Ada', 'Cleo'] });
    const isOfTwo = (_: EventRecord, { partition }: PlantedRow) => partition !== 1;
    expect(toldBy(two)).toEqual(placesInLog(isOfTwo));
    const all = await caughtUp({ types, owners: ['Ada', 'Bob'], partitions: [1, 2, 1] });
    const isOfAll = (record: EventRecord, row: PlantedRow) =>
      row.partition === 1 && isOfType(record);
    expect(toldBy(all)).toEqual(placesInLog(isOfAll));
    expect((await caughtUp({ owners: ['ada'] })).events()).toEqual([]);
  });

  it('divided by partitions is the whole log, each event once', async () => {
    const shares = [0, 1, 2].map((share) =>
      Array.from({ length: PARTITIONS }, (_, n) => n).filter((n) => n % 3 === share),
    );
    const told = await Promise.all(shares.map(async (partitions) => caughtUp({ partitions })));
    const whole = told.flatMap(toldBy).toSorted();
    expect(whole).toEqual(placesInLog(() => true).toSorted());
  });

  it('from now on tells only what is stored later', async () => {
    const reading = follow(server.client, { start: { $case: 'fromNow', value: true } });
    await reading.until(CAUGHT_UP);
    expect(reading.events()).toEqual([]);
    const [account] = accountsOfOnePartition(1);
    const row = await plant(5, { events: recordsOfAllTypes(account ?? '') });
    await reading.untilEvents(row.batch.events.length);
    await reading.cut();
    expect(reading.events().every(({ position }) => position?.seq === row.seq)).toBe(true);
  });

  it('hears at once of what its own process has appended', async () => {
    const pollMs = 10_000;
    const limits = { subscriptionsMax: 1, accountReadersMax: 1, pollMs };
    const slow = await openEventLogServer(databases.eventStoreUrl('bank_command'), { limits });
    const reading = follow(slow.client, { start: { $case: 'fromNow', value: true } });
    await reading.until(CAUGHT_UP);
    await plant(6, { events: recordsOfAllTypes(randomUUID()) });
    const startedMs = performance.now();
    await until('the event', () => {
      slow.eventLog.mayHaveMoved();
      return reading.events().length > 0;
    });
    expect(performance.now() - startedMs).toBeLessThan(pollMs / 2);
    await reading.cut();
    await slow.close();
  });

  it('sends a checkpoint when nothing matches, and goes on behind what it has passed', async () => {
    const feed = { checkpointMs: 50 };
    const url = databases.eventStoreUrl('bank_command');
    const quick = await openEventLogServer(url, { feed });
    const reading = follow(quick.client, { owners: ['nobody'] });
    await until('three checkpoints', () => {
      return reading.messages.filter(({ state }) => state === 0).length >= 3;
    });
    await reading.cut();
    expect(reading.events()).toEqual([]);
    const before = reading.lastToken();
    const again = await caughtUp(
      { owners: ['nobody'], start: { $case: 'resumeToken', value: before } },
      quick,
    );
    expect(again.lastToken()).toBe(before);
    await quick.close();
  });
});

describe('a caller who does not read', () => {
  it('costs a bounded number of bytes, and hears FELL_BEHIND when it goes on', async () => {
    const url = databases.eventStoreUrl('bank_command');
    const feed = { distance: { caughtUpMs: 500, fellBehindMs: 300 } };
    const slow = await openEventLogServer(url, { feed });
    const request = SubscribeToEventsRequest.encode(
      SubscribeToEventsRequest.fromPartial({ partitions: [7, 8] }),
    ).finish();
    // More of them than there is memory for pages: a page that one of them kept would be missed.
    const unread = Array.from({ length: 30 }, () => openUnreadCall(slow.address, PATH, request));
    const live = follow(slow.client, { partitions: [7, 8] });
    await live.until(CAUGHT_UP);
    live.stream.pause();
    const [one] = recordsOfAllTypes(randomUUID());
    if (one?.event === undefined) throw new Error('no event');
    const bytes = Event.encode(one.event).finish().length;
    const count = Math.ceil(400_000 / bytes);
    for (let row = 0; row < 8; row++) {
      const events = Array.from({ length: count }, () => ({
        ...one,
        accountId: uuidToBytes(randomUUID()),
      }));
      await plantLogRow(databases.eventStore, 7 + (row % 2), { events });
    }
    const all = await caughtUp({ partitions: [7, 8] }, slow);
    expect(all.events()).toHaveLength(8 * count);
    expect(live.events().length).toBeLessThan(8 * count);
    live.stream.resume();
    await live.until(FELL_BEHIND);
    await live.until(CAUGHT_UP, 2);
    expect(toldBy(live).toSorted()).toEqual(toldBy(all).toSorted());
    await live.cut();
    for (const call of unread) call.close();
    await slow.close();
  });
});
