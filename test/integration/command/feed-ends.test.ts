/**
 * How streams of the event log end, and what a caller can count on then: tokens of another log or
 * filter, bounds, rotation, drain, an event store that goes away.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountEvent } from '#proto/bank/v1/event_log_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { startCuttingProxy } from '#test/support/cutting-proxy.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import {
  EVENT_LOG_LIMITS,
  openEventLogServer,
  type EventLogServer,
  type EventLogServerOptions,
} from '#test/support/event-log-server.ts';
import { follow, placesOf, type FeedRequest } from '#test/support/feed-client.ts';
import { plantRow, recordsOfAllTypes } from '#test/support/planted-log.ts';
import { until } from '#test/support/until.ts';

const { FEED_STATE_CAUGHT_UP: CAUGHT_UP } = FeedState;

let databases: Databases;
let server: EventLogServer;

beforeAll(async () => {
  databases = await openDatabases();
  server = await openEventLogServer(databases.eventStoreUrl('bank_command'));
  await plantRow(databases.eventStore, 0, { events: recordsOfAllTypes(randomUUID()) });
});

afterAll(async () => {
  await server.close();
  await databases.close();
});

const from = (value: string): FeedRequest => ({ start: { $case: 'resumeToken', value } });
const endOf = (request: FeedRequest, at = server): Promise<string> =>
  follow(at.client, request).ended;

async function openServer(options: EventLogServerOptions): Promise<EventLogServer> {
  return openEventLogServer(databases.eventStoreUrl('bank_command'), options);
}

async function tokenOf(request: FeedRequest): Promise<string> {
  const reading = follow(server.client, request);
  await reading.until(CAUGHT_UP);
  await reading.cut();
  return reading.lastToken();
}

describe('a token', () => {
  it('goes on with the filter that it is of, and with no other', async () => {
    const token = await tokenOf({ types: [1, 2], owners: ['Ada', 'Bob'], partitions: [0, 1] });
    const same: FeedRequest = { types: [2, 1], owners: ['Bob', 'Ada'], partitions: [1, 0] };
    const again = follow(server.client, { ...same, ...from(token) });
    await again.until(CAUGHT_UP);
    expect(again.events()).toEqual([]);
    await again.cut();
    const others: FeedRequest[] = [{ types: [1] }, { owners: ['Ada'] }, { partitions: [0] }];
    for (const other of others) {
      expect(await endOf({ ...same, ...other, ...from(token) })).toBe('3 resume_token');
    }
  });

  it('of another log is told, on a running stream too', async () => {
    const token = await tokenOf({});
    const live = follow(server.client, from(token));
    await live.until(CAUGHT_UP);
    await databases.eventStore.query('update ledger set log_id = gen_random_uuid()');
    expect(await live.ended).toBe('9 LOG_REPLACED');
    const restored = await openServer({});
    expect(await endOf(from(token), restored)).toBe('9 LOG_REPLACED');
    await restored.close();
    await databases.eventStore.query('update ledger set log_id = $1', [server.logId]);
  });

  it('that is ahead of the log is told: an older copy was restored', async () => {
    await plantRow(databases.eventStore, 1, { events: recordsOfAllTypes(randomUUID()) });
    const token = await tokenOf({});
    const head = 'update partition_heads set seq = seq + $1 where partition = 1';
    await databases.eventStore.query(head, [-1]);
    expect(await endOf(from(token))).toBe('9 LOG_REPLACED');
    await databases.eventStore.query(head, [1]);
  });
});

describe('positions', () => {
  it('are where a feed goes on, and the first event where none is named', async () => {
    const whole = follow(server.client);
    await whole.until(CAUGHT_UP);
    await whole.cut();
    const told = whole.events();
    const positions = [{ partition: 1, seq: 1n }];
    const rest = follow(server.client, { start: { $case: 'after', value: { positions } } });
    await rest.until(CAUGHT_UP);
    await rest.cut();
    const isBehind = ({ position }: AccountEvent) => position?.partition !== 1;
    expect(placesOf(rest.events())).toEqual(placesOf(told.filter(isBehind)));
    expect(rest.events().length).toBeLessThan(told.length);
    const ahead = { positions: [{ partition: 1, seq: 2n }] };
    expect(await endOf({ start: { $case: 'after', value: ahead } })).toBe('9 LOG_REPLACED');
  });
});

describe('a stream', () => {
  it('beyond the bound is refused, and served when another has ended', async () => {
    const few = await openServer({ limits: { ...EVENT_LOG_LIMITS, subscriptionsMax: 1 } });
    const first = follow(few.client);
    await first.until(CAUGHT_UP);
    expect(await endOf({}, few)).toBe('8 QUEUE_FULL');
    expect(await endOf({ partitions: [99] }, few)).toBe('3 partitions');
    await first.cut();
    await until('the place is free', () => few.eventLog.count() === 0);
    const second = follow(few.client);
    await second.until(CAUGHT_UP);
    await second.cut();
    await few.close();
  });

  it('is rotated by age, and goes on with its last token', async () => {
    const brief = await openServer({ streamAgeMaxMs: 300 });
    const reading = follow(brief.client);
    expect(await reading.ended).toBe('14 STREAM_ROTATED');
    await brief.close();
    await plantRow(databases.eventStore, 2, { events: recordsOfAllTypes(randomUUID()) });
    const next = follow(server.client, from(reading.lastToken()));
    await next.until(CAUGHT_UP);
    await next.cut();
    const whole = follow(server.client);
    await whole.until(CAUGHT_UP);
    await whole.cut();
    const both = [...reading.events(), ...next.events()];
    expect(placesOf(both).toSorted()).toEqual(placesOf(whole.events()).toSorted());
  });

  it('ends at a drain, and its resources with it', async () => {
    const draining = await openServer({});
    const reading = follow(draining.client);
    await reading.until(CAUGHT_UP);
    draining.drain();
    expect(await reading.ended).toBe('14 STREAM_ROTATED');
    expect(draining.eventLog.count()).toBe(0);
    await draining.close();
  });

  it('lives through a cut connection, and says when the event store stays away', async () => {
    const url = new URL(databases.eventStoreUrl('bank_command'));
    const proxy = await startCuttingProxy({ host: url.hostname, port: Number(url.port) });
    url.host = `${proxy.host}:${proxy.port}`;
    const far = await openEventLogServer(url.href, {
      feed: { distance: { caughtUpMs: 500, fellBehindMs: 500 } },
    });
    const reading = follow(far.client, { start: { $case: 'fromNow', value: true } });
    await reading.until(CAUGHT_UP);
    proxy.cutAll();
    const events = recordsOfAllTypes(randomUUID());
    await plantRow(databases.eventStore, 3, { events });
    await reading.untilEvents(events.length);
    await proxy.close();
    expect(await reading.ended).toBe('14 EVENT_STORE_UNAVAILABLE');
    expect(reading.events()).toHaveLength(events.length);
    await far.close();
  });
});
