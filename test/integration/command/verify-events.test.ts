/**
 * VerifyEvents on a small ledger that two replicas wrote: clean as it is, under writes and in
 * windows of few accounts; and what it says when a superuser changes, removes, adds or swaps
 * events, in the table and in the log.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  VerifyEventsRequest,
  verifyFindingKindToJSON,
  type VerifyEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { archiveRows } from '#test/support/archived-rows.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { openEventLogServer, type EventLogServer } from '#test/support/event-log-server.ts';
import { readStream } from '#test/support/feed-client.ts';
import { startLogWriters } from '#test/support/log-writers.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const WINDOW_ACCOUNTS = 20; // of 48 accounts: several windows
const WRONG_ACCOUNTS = 12;
const EVENTS_MIN = 800;

let databases: Databases;
let server: EventLogServer;
/** Of the account in hand: one with many events. */
let account: string;
let last: bigint;

beforeAll(async () => {
  databases = await openDatabases();
  const url = databases.eventStoreUrl('bank_command');
  server = await openEventLogServer(url, {
    verify: { windowAccountsMax: WINDOW_ACCOUNTS },
  });
  const writers = await startLogWriters(url, seededRandom(freshSeed()), () => undefined);
  await until('some events', async () => (await count('events')) > EVENTS_MIN);
  await findNothing(); // while they write
  await writers.stop();
});

afterAll(async () => {
  await server.close();
  await databases.close();
});

beforeEach(async () => {
  const { rows } = await databases.eventStore.query<{ account_id: string; version: bigint }>(
    `select account_id, max(version) as version from events
      group by account_id having max(version) >= 10 order by random() limit 1`,
  );
  account = rows[0]?.account_id ?? '';
  last = rows[0]?.version ?? 0n;
  await sql('create table kept_events as select * from events');
  await sql('create table kept_outbox as select * from outbox');
});

afterEach(async () => {
  await sql('truncate events, outbox');
  await sql('insert into events select * from kept_events');
  await sql('insert into outbox select * from kept_outbox');
  await sql('drop table kept_events, kept_outbox');
  await findNothing();
});

async function sql(text: string, ...values: unknown[]): Promise<void> {
  await databases.eventStore.query(text, values);
}

async function count(table: string): Promise<bigint> {
  const { rows } = await databases.eventStore.query<{ n: bigint }>(
    `select count(*) as n from ${table}`,
  );
  return rows[0]?.n ?? 0n;
}

function read(request: Partial<VerifyEventsRequest> = {}) {
  return readStream(server.client.verifyEvents(VerifyEventsRequest.fromPartial(request)));
}

async function messagesOf(request?: Partial<VerifyEventsRequest>): Promise<VerifyEventsResponse[]> {
  const reading = read(request);
  expect(await reading.ended).toBe('0');
  expect(reading.messages.at(-1)?.progress?.complete).toBe(true);
  return reading.messages;
}

/** What is found, as "KIND version" of the account in hand; of others, with the account. */
async function verify(request?: Partial<VerifyEventsRequest>): Promise<string[]> {
  const messages = await messagesOf(request);
  const findings = messages.flatMap((message) => message.findings);
  expect(messages.at(-1)?.progress?.findings).toBe(BigInt(findings.length));
  return findings.map(({ kind, accountId, version }) => {
    const name = verifyFindingKindToJSON(kind).replace('VERIFY_FINDING_KIND_', '');
    return `${name} ${version}${accountId === account ? '' : ` of ${accountId || 'the log'}`}`;
  });
}

async function findNothing(): Promise<void> {
  expect(await verify()).toEqual([]);
}

async function both(): Promise<string[]> {
  const found = await verify();
  expect(await verify({ accountIds: [account] })).toEqual(found);
  return found;
}

it('counts all events and accounts of a ledger that is whole', async () => {
  const { progress } = (await messagesOf()).at(-1) ?? {};
  expect(progress).toEqual({
    verifiedEvents: await count('events'),
    verifiedAccounts: await count('(select distinct account_id from events) as ids'),
    findings: 0n,
    complete: true,
  });
});

it('names an event whose bytes, time, type or hash was changed', async () => {
  const flip = 'set payload = set_byte(payload, 3, get_byte(payload, 3) # 1)';
  const time = "set recorded_at = recorded_at + interval '1 microsecond'";
  for (const change of [flip, time, 'set type = type + 1', "set hash = sha256('')"]) {
    await sql(`update events ${change} where account_id = $1 and version = 4`, account);
    expect(await both(), change).toEqual(['CHANGED 4']);
    await sql('delete from events where account_id = $1 and version = 4', account);
    await sql(
      'insert into events select * from kept_events where account_id = $1 and version = 4',
      account,
    );
  }
});

it('names events that were removed: in the midst, at the end, a whole account', async () => {
  await sql('delete from events where account_id = $1 and version in (3, 4)', account);
  expect(await both()).toEqual(['MISSING 3', 'MISSING 4']);
  await sql('delete from events where account_id = $1 and version >= $2', account, last - 1n);
  expect((await both()).slice(2)).toEqual([`MISSING ${last - 1n}`, `MISSING ${last}`]);
  await sql('delete from events where account_id = $1', account);
  const all = Array.from({ length: Number(last) }, (_, at) => `MISSING ${at + 1}`);
  expect(await both()).toEqual(all);
});

it('names events that were added, and an account that nobody has opened', async () => {
  const add = `insert into events
    select $1::uuid, version + $2, recorded_at, type, hash, payload, null, null
      from events where account_id = $3 and version = 1`;
  await sql(add, account, last, account);
  expect(await both()).toEqual([`INSERTED ${last + 1n}`]);
  const other = randomUUID();
  await sql(add, other, 0n, account);
  expect(await verify({ accountIds: [other] })).toEqual([`INSERTED 1 of ${other}`]);
  expect((await verify()).sort()).toEqual(
    [`INSERTED ${last + 1n}`, `INSERTED 1 of ${other}`].sort(),
  );
});

it('names two events that have changed places', async () => {
  const move = 'update events set version = $2 where account_id = $1 and version = $3';
  await sql(move, account, 1_000_000n, 5n);
  await sql(move, account, 5n, 8n);
  await sql(move, account, 8n, 1_000_000n);
  expect(await both()).toEqual(['REORDERED 5', 'REORDERED 8']);
});

it('names the first event from which on a chain was made anew', async () => {
  const messages = await messagesOf({ accountIds: [account] });
  expect(messages.flatMap(({ findings }) => findings)).toEqual([]);
  const flip = 'set payload = set_byte(payload, 3, get_byte(payload, 3) # 1)';
  await sql(`update events ${flip} where account_id = $1 and version = $2`, account, last);
  const rehashed = `update events e set hash = sha256(
      int4send(32) || before.hash || int4send(16) || uuid_send(e.account_id) ||
      int4send(8) || int8send(e.version) || int4send(2) || int2send(e.type) ||
      int4send(8) || int8send((extract(epoch from e.recorded_at) * 1000000)::bigint) ||
      int4send(0) || int4send(octet_length(e.payload)) || e.payload)
    from events before
    where e.account_id = $1 and e.version = $2
      and before.account_id = $1 and before.version = $2 - 1`;
  await sql(rehashed, account, last);
  const found = (await messagesOf({ accountIds: [account] })).flatMap((one) => one.findings);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ accountId: account, version: last });
  expect(found[0]?.message).toContain('chain is whole');
});

it('names what was changed in the log: a row, and a position that is gone', async () => {
  const { rows } = await databases.eventStore.query<{ partition: number; seq: bigint }>(
    'select partition, seq from outbox where $1 = any(account_ids) order by seq desc limit 1',
    [account],
  );
  const [row] = rows;
  await sql('delete from outbox where partition = $1 and seq = $2', row?.partition, row?.seq);
  const found = await verify();
  const head = row === undefined ? '' : found[0];
  expect(head).toBe('MISSING 0 of the log');
  expect(found.filter((one) => one === `INSERTED ${last}`)).toHaveLength(1);
  expect(found.slice(1).every((one) => one.startsWith('INSERTED'))).toBe(true);
});

it('goes on with its token, and tells nothing twice', async () => {
  // Where nothing was paid in after the opening, there would be nothing to take away.
  const accounts = 'select account_id from events where version = 2 order by account_id limit $1';
  const gone = `delete from events where version = 2 and account_id in (${accounts})`;
  await sql(gone, WRONG_ACCOUNTS);
  const whole = (await messagesOf()).flatMap(({ findings }) => findings);
  expect(whole.length).toBe(WRONG_ACCOUNTS);
  const told: string[] = [];
  let token = '';
  for (let isLast = false; !isLast;) {
    const reading = read({ resumeToken: token });
    await until('a message', () => reading.messages.length > 0, { everyMs: 1 });
    reading.stream.cancel();
    await reading.ended;
    const [first] = reading.messages;
    told.push(...(first?.findings ?? []).map(({ accountId }) => accountId));
    token = first?.resumeToken ?? token;
    isLast = first?.progress?.complete === true;
  }
  expect(told).toEqual(whole.map(({ accountId }) => accountId));
});

it('knows what has gone to the archive: by its own chain', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bank-verify-'));
  // What the projection has passed may go: the newest rows stay.
  await databases.projectionStore.query('update projected_heads set seq = 4');
  expect(await archiveRows(databases, folder, -1)).toBeGreaterThan(0);
  try {
    expect(await both()).toEqual([]);
    const flip = 'set payload = set_byte(payload, 3, get_byte(payload, 3) # 1)';
    await sql(`update events ${flip} where account_id = $1 and version = 2`, account);
    expect(await both()).toEqual(['CHANGED 2']);
    await sql(
      `insert into archived_ranges (partition, first_seq, last_seq, file_name, sha256)
       select partition, seq, seq, 'made up', '' from outbox order by seq desc limit 1`,
    );
    expect((await verify()).filter((one) => one.startsWith('INSERTED'))).toHaveLength(1);
  } finally {
    await sql('delete from archived_ranges');
    await rm(folder, { recursive: true });
  }
});
