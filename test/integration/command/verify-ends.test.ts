/** How a stream of VerifyEvents ends that cannot go on, and that its requests are checked. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VerifyEventsRequest } from '#proto/bank/v1/event_log_service.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import {
  openEventLogServer,
  openFarEventLogServer,
  type EventLogServer,
} from '#test/support/event-log-server.ts';
import { readStream } from '#test/support/feed-client.ts';

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

function read(request: Partial<VerifyEventsRequest> = {}, at = server) {
  return readStream(at.client.verifyEvents(VerifyEventsRequest.fromPartial(request)));
}

it('names what is wrong with a request', async () => {
  const accountIds = Array.from({ length: 1_001 }, () => randomUUID());
  expect(await read({ accountIds: ['no id'] }).ended).toBe('3 account_ids[0]');
  expect(await read({ accountIds }).ended).toBe('3 account_ids');
  expect(await read({ resumeToken: 'nonsense' }).ended).toBe('3 resume_token');
  const ofOne = read({ accountIds: accountIds.slice(0, 1) });
  expect(await ofOne.ended).toBe('0');
  const resumeToken = ofOne.messages.at(-1)?.resumeToken ?? '';
  expect(await read({ resumeToken }).ended).toBe('3 resume_token');
});

it('says so when the log is another one: LOG_REPLACED', async () => {
  const before = read();
  expect(await before.ended).toBe('0');
  const renew = 'update ledger set log_id = $1';
  await databases.eventStore.query(renew, [randomUUID()]);
  expect(await read().ended).toBe('9 LOG_REPLACED');
  const renewed = await openEventLogServer(databases.eventStoreUrl('bank_command'));
  const resumeToken = before.messages.at(-1)?.resumeToken ?? '';
  expect(await read({ resumeToken }, renewed).ended).toBe('9 LOG_REPLACED');
  await renewed.close();
  await databases.eventStore.query(renew, [server.logId]);
});

it('is bounded in number: QUEUE_FULL; and ends at a drain: STREAM_ROTATED', async () => {
  const url = databases.eventStoreUrl('bank_command');
  const full = await openEventLogServer(url, { verify: { streamsMax: 0 } });
  expect(await read({}, full).ended).toBe('8 QUEUE_FULL');
  await full.close();
  const draining = await openEventLogServer(url);
  draining.drain();
  expect(await read({}, draining).ended).toBe('14 STREAM_ROTATED');
  await draining.close();
});

it('says when the event store stays away: EVENT_STORE_UNAVAILABLE', async () => {
  const far = await openFarEventLogServer(databases.eventStoreUrl('bank_command'));
  expect(await read({}, far).ended).toBe('14 EVENT_STORE_UNAVAILABLE');
  await far.close();
});
