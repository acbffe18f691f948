/**
 * ReadAccountEvents on a real event store: pages, as stored, from a version on; and what goes
 * wrong.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReadAccountEventsRequest } from '#proto/bank/v1/event_log_service.ts';
import type { EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import {
  EVENT_LOG_LIMITS,
  openEventLogServer,
  openFarEventLogServer,
  type EventLogServer,
} from '#test/support/event-log-server.ts';
import { readStream, type StreamReading } from '#test/support/feed-client.ts';
import { plantRow, recordsOfAllTypes } from '#test/support/planted-log.ts';
import { readEvents, uuidOf } from '#test/support/stored-rows.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import type { ReadAccountEventsResponse } from '#proto/bank/v1/event_log_service.ts';

const account = randomUUID();
const LONG = 1_203; // more than two pages
const longAccount = randomUUID();

let databases: Databases;
let server: EventLogServer;

beforeAll(async () => {
  databases = await openDatabases();
  await plantRow(databases.eventStore, 0, { events: recordsOfAllTypes(account) });
  const [opened, deposited] = recordsOfAllTypes(longAccount);
  if (opened === undefined || deposited === undefined) throw new Error('no events');
  const rest = Array.from({ length: LONG - 1 }, (_, index): EventRecord => {
    return { ...deposited, accountId: uuidToBytes(longAccount), version: BigInt(index + 2) };
  });
  await plantRow(databases.eventStore, 1, { events: [opened, ...rest] });
  server = await openEventLogServer(databases.eventStoreUrl('bank_command'));
});

afterAll(async () => {
  await server.close();
  await databases.close();
});

type Reading = StreamReading<ReadAccountEventsResponse>;

function read(request: Partial<ReadAccountEventsRequest>, at = server): Reading {
  const full = ReadAccountEventsRequest.fromPartial({ accountId: account, ...request });
  return readStream(at.client.readAccountEvents(full));
}

it('tells each event as it is stored, with its hash', async () => {
  const reading = read({ accountId: account.toUpperCase() });
  expect(await reading.ended).toBe('0');
  const events = reading.messages.flatMap((message) => message.events);
  const rows = await readEvents(databases, [account]);
  const records = recordsOfAllTypes(account);
  expect(events.map(({ version }) => version)).toEqual(rows.map(({ version }) => version));
  for (const [index, event] of events.entries()) {
    const record = records[index];
    expect(event).toMatchObject({ accountId: account, type: record?.type, submissionId: '' });
    expect(event.event).toEqual(record?.event);
    expect(Buffer.from(event.hash)).toEqual(rows[index]?.hash);
    const { seconds = 0n, nanos = 0 } = event.recordedAt ?? {};
    const micros = seconds * 1_000_000n + BigInt(nanos / 1000);
    expect(micros).toBe(rows[index]?.recorded_micros);
    expect(event.position).toBeUndefined();
  }
  expect(uuidOf(records[0]?.accountId ?? new Uint8Array())).toBe(account);
});

it('goes on at next_version, page by page, and ends after the newest', async () => {
  const whole = read({ accountId: longAccount });
  expect(await whole.ended).toBe('0');
  const versions = whole.messages.flatMap((message) => message.events.map((one) => one.version));
  expect(versions).toEqual(Array.from({ length: LONG }, (_, index) => BigInt(index + 1)));
  expect(whole.messages.length).toBeGreaterThan(2);
  const [first] = whole.messages;
  const rest = read({ accountId: longAccount, fromVersion: first?.nextVersion ?? 0n });
  expect(await rest.ended).toBe('0');
  const restOf = rest.messages.flatMap((message) => message.events.map((one) => one.version));
  expect(restOf).toEqual(versions.slice(first?.events.length));
  const behind = read({ accountId: longAccount, fromVersion: BigInt(LONG + 1) });
  expect(await behind.ended).toBe('0');
  expect(behind.messages).toEqual([]);
});

it('names what is wrong, and accounts that do not exist', async () => {
  expect(await read({ accountId: '' }).ended).toBe('3 account_id');
  expect(await read({ fromVersion: -1n }).ended).toBe('3 from_version');
  expect(await read({ accountId: randomUUID() }).ended).toBe('5 ACCOUNT_NOT_FOUND');
  expect(await read({ accountId: randomUUID(), fromVersion: 5n }).ended).toBe(
    '5 ACCOUNT_NOT_FOUND',
  );
});

it('says when the event store stays away', async () => {
  const far = await openFarEventLogServer(databases.eventStoreUrl('bank_command'));
  expect(await read({}, far).ended).toBe('14 EVENT_STORE_UNAVAILABLE');
  await far.close();
});

it('is bounded in number, and ends at a drain', async () => {
  const limits = { ...EVENT_LOG_LIMITS, accountReadersMax: 0 };
  const url = databases.eventStoreUrl('bank_command');
  const full = await openEventLogServer(url, { limits });
  expect(await read({}, full).ended).toBe('8 QUEUE_FULL');
  await full.close();
  const draining = await openEventLogServer(url);
  draining.drain();
  expect(await read({}, draining).ended).toBe('14 STREAM_ROTATED');
  await draining.close();
});
