/**
 * Old rows of the log go to files and come back byte for byte; whoever needs one meanwhile is told
 * which range it is in, in which file, and how to bring it back. Nothing goes that must stay.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { archiveRows, unarchiveRows } from '#test/support/archived-rows.ts';
import { openEventLogServer, type EventLogServer } from '#test/support/event-log-server.ts';
import { follow } from '#test/support/feed-client.ts';
import { failureOf } from '#test/support/intake-replica.ts';
import { reverse } from '#test/support/reversals.ts';
import {
  allResults,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';

const ITEMS = 40;

type Row = { partition: number; seq: bigint; row: string };

let bench: SubmissionBench;
let server: EventLogServer;
let folder: string;
/** The whole log, by all its columns, before anything goes. */
let before: Row[];

beforeAll(async () => {
  bench = await openSubmissionBench();
  const { eventStore, eventStoreUrl } = bench.databases;
  server = await openEventLogServer(eventStoreUrl('bank_command'));
  folder = await mkdtemp(join(tmpdir(), 'bank-archive-'));
  await upload(bench.a, 'old', { deposits: bench.deposits(0, ITEMS) });
  await eventStore.query(`update outbox set stored_at = now() - interval '2 days'`);
  await upload(bench.a, 'new', { deposits: bench.deposits(0, ITEMS) });
  await projectTo(0);
  before = await logRows();
});

afterAll(async () => {
  await server.close();
  await bench.close();
  await rm(folder, { recursive: true });
});

/** The projection has passed all but so many positions of each partition. */
async function projectTo(behind: number): Promise<void> {
  const { eventStore, projectionStore } = bench.databases;
  const { rows } = await eventStore.query<{ partition: number; seq: bigint }>(
    'select partition, greatest(seq - $1, 0)::bigint as seq from partition_heads',
    [behind],
  );
  await projectionStore.query(
    `update projected_heads h set seq = x.s
       from unnest($1::integer[], $2::bigint[]) as x(p, s) where h.partition = x.p`,
    [rows.map(({ partition }) => partition), rows.map(({ seq }) => seq)],
  );
}

async function logRows(): Promise<Row[]> {
  const { rows } = await bench.databases.eventStore.query<Row>(
    'select partition, seq, o::text as row from outbox o order by partition, seq',
  );
  return rows;
}

const archive = (days = 1): Promise<number> => archiveRows(bench.databases, folder, days);
const unarchive = (partition?: number): Promise<number> =>
  unarchiveRows(bench.databases, folder, partition);

test('nothing goes that the projection has not passed, or that somebody waits for', async () => {
  await projectTo(1_000);
  expect(await archive()).toBe(0);
  await projectTo(0);
  const { projectionStore } = bench.databases;
  await projectionStore.query('insert into rebuilds values (gen_random_uuid(), $1)', ['stopped']);
  await expect(archive()).rejects.toThrow('a rebuild reads the log');
  await projectionStore.query('delete from rebuilds');
  expect(await archive(90)).toBe(0);
  expect(await logRows()).toEqual(before);
});

test('what is old goes to files, and is there for nobody', async () => {
  const { eventStore } = bench.databases;
  const { rows: young } = await eventStore.query<Row>(
    `select partition, seq from outbox where stored_at > now() - interval '1 day'
      order by partition, seq`,
  );
  expect(await archive()).toBe(before.length - young.length);
  expect(await logRows()).toMatchObject(young);
  const isYoung = new Set(young.map(({ partition, seq }) => `${partition}/${seq}`));
  const old = before.filter(({ partition, seq }) => !isYoung.has(`${partition}/${seq}`));
  const partitions = new Set(old.map(({ partition }) => partition)); // some have young rows only
  expect((await readdir(folder)).length).toBe(2 * partitions.size); // a file and a manifest each

  const feed = follow(server.client);
  const message = new Promise<string>((resolve) =>
    feed.stream.on('error', (error) => resolve(error.message)),
  );
  expect(await feed.ended).toBe('9 LOG_ARCHIVED');
  const [partition] = partitions;
  expect(await message).toContain(`partition ${partition}, positions 1 to`);
  expect(await message).toContain(`unarchive --partition ${partition} --from 1 `);
  expect(await failureOf(allResults(bench.a, 'old', 100))).toBe('9 LOG_ARCHIVED');
  expect(await failureOf(reverse(bench.a, 'undone', 'old'))).toBe('9 LOG_ARCHIVED');
  expect((await allResults(bench.a, 'new', 100)).length).toBe(ITEMS);
});

test('a file that is not what was archived brings nothing back', async () => {
  const rows = await logRows();
  const [name = ''] = (await readdir(folder)).filter((one) => one.endsWith('.gz'));
  const path = join(folder, name);
  const bytes = await readFile(path);
  const damaged = Buffer.from(bytes);
  damaged.writeUInt8(damaged.readUInt8(100) ^ 1, 100);
  await writeFile(path, damaged);
  const partition = Number(name.slice('outbox-p'.length, 'outbox-p'.length + 4));
  await expect(unarchive(partition)).rejects.toThrow('SHA-256');
  expect(await logRows()).toEqual(rows);
  await writeFile(path, bytes);
});

test('all comes back byte for byte, and is read again', async () => {
  const away = before.length - (await logRows()).length;
  expect(await unarchive()).toBe(away);
  expect(await logRows()).toEqual(before);
  const { rows } = await bench.databases.eventStore.query('select from archived_ranges');
  expect(rows).toEqual([]);
  const feed = follow(server.client);
  await feed.until(FeedState.FEED_STATE_CAUGHT_UP);
  await feed.cut();
  expect((await allResults(bench.a, 'old', 100)).length).toBe(ITEMS);
  expect(await archive()).toBe(away); // the same rows, into the same files
  expect(await unarchive()).toBe(away);
  expect(await logRows()).toEqual(before);
});
