/**
 * Signed checkpoints on a ledger that two replicas write: each line signed and chained, what was
 * stored since the last one only, and what a verification of the log says when a superuser has
 * changed it, when lines are missing, and when rows are in the archive.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyCheckpoints, type CheckpointReport } from '#deploy/ops/verify-checkpoints.ts';
import { silentLogger } from '#platform/logger.ts';
import { createPool } from '#platform/postgres.ts';
import { archiveRows, unarchiveRows } from '#test/support/archived-rows.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { startLogWriters } from '#test/support/log-writers.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';
import { makeCheckpoint } from '../../../command-svc/checkpoints.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const NEVER = new AbortController().signal;
const ROWS_EACH = 60n;

let databases: Databases;
let service: pg.Pool;
let owner: pg.Client;
let folder: string;
let file: string;
let keyFile: string;

beforeAll(async () => {
  databases = await openDatabases();
  const url = databases.eventStoreUrl('bank_command');
  service = createPool({ url, applicationName: 'checkpoints', maxConnections: 1 });
  owner = new pg.Client(databases.eventStoreUrl('postgres'));
  await owner.connect();
  folder = await mkdtemp(join(tmpdir(), 'bank-checkpoints-'));
  file = join(folder, 'checkpoints');
  keyFile = join(folder, 'public.pem');
  await writeFile(keyFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const writers = await startLogWriters(url, seededRandom(freshSeed()), () => undefined);
  for (let n = 1n; n <= 3n; n++) {
    await until('some rows', async () => (await rowCount()) >= n * ROWS_EACH);
    await checkpoint(); // beside the writers
  }
  await writers.stop();
  await checkpoint();
});

afterAll(async () => {
  await Promise.all([service.end(), owner.end()]);
  await databases.close();
  await rm(folder, { recursive: true });
});

const checkpoint = (key = privateKey): Promise<void> =>
  makeCheckpoint({ db: service, log: silentLogger }, file, key, NEVER);

const verify = (of = file): Promise<CheckpointReport> => verifyCheckpoints(owner, of, keyFile);

async function rowCount(): Promise<bigint> {
  const { rows } = await databases.eventStore.query<{ n: bigint }>(
    'select count(*) as n from outbox',
  );
  return rows[0]?.n ?? 0n;
}

async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
}

/** The findings while the log is changed by a superuser; then all of it is rolled back. */
async function findingsWith(change: string): Promise<readonly string[]> {
  await owner.query('begin');
  try {
    expect((await owner.query(change)).rowCount).toBeGreaterThan(0);
    return (await verify()).findings;
  } finally {
    await owner.query('rollback');
  }
}

it('finds a log that is whole as it was signed, and reads each row once', async () => {
  const { findings, notes, checkpoints, rows } = await verify();
  expect({ findings, notes }).toEqual({ findings: [], notes: [] });
  expect(checkpoints).toBe((await linesOf(file)).length);
  expect(checkpoints).toBeGreaterThanOrEqual(3);
  expect(BigInt(rows)).toBe(await rowCount());
});

it('writes nothing when nothing was stored', async () => {
  const before = await linesOf(file);
  await checkpoint();
  expect(await linesOf(file)).toEqual(before);
});

it('names partition and positions of what is not as it was signed', async () => {
  const first =
    'where (partition, seq) = (select partition, seq from outbox where seq = 2 limit 1)';
  const changes = [
    `update outbox set payload = set_byte(payload, 20, get_byte(payload, 20) # 1) ${first}`,
    `update outbox set batch_id = gen_random_uuid() ${first}`,
    `update outbox set stored_at = stored_at + interval '1 second' ${first}`,
    `update outbox set account_ids = '{}' ${first}`,
  ];
  for (const change of changes) {
    const [finding, ...others] = await findingsWith(change);
    expect(finding, change).toMatch(/^partition \d+, positions 1 to \d+: not what line \d+ /);
    expect(others).toEqual([]);
  }
  const [gone] = await findingsWith(`delete from outbox ${first}`);
  expect(gone).toMatch(/^partition \d+, position 2: is gone; line \d+ /);
});

it('names a tail that was cut off, where events and log agree with each other', async () => {
  const cut = `delete from outbox o using partition_heads h
                where o.partition = h.partition and o.seq = h.seq and h.seq > 1`;
  const findings = await findingsWith(cut);
  expect(findings.length).toBeGreaterThan(0);
  for (const finding of findings) expect(finding).toMatch(/^partition \d+, position \d+: is gone/);
});

it('finds lines of another log, unless it was renewed', async () => {
  const [row] = (await owner.query<{ log_id: string }>('select log_id from ledger')).rows;
  const logId = String(row?.log_id);
  const lines = (await linesOf(file)).length;
  await owner.query('begin');
  try {
    await owner.query('update ledger set log_id = gen_random_uuid()');
    const [finding, ...others] = (await verify()).findings;
    expect(finding).toMatch(`${lines} lines, the first of them line 1, are of the log ${logId}`);
    expect(others).toEqual([]);
    const { findings, notes } = await verifyCheckpoints(owner, file, keyFile, [logId]);
    expect(findings).toEqual([]);
    expect(notes).toEqual([expect.stringContaining(`${logId}, which was renewed`)]);
  } finally {
    await owner.query('rollback');
  }
});

it('signs no log that is not what the last line says', async () => {
  const { eventStore } = databases;
  const { rows } = await eventStore.query<{ seq: bigint; batch_id: string }>(
    `select seq, batch_id from outbox where partition = 0 order by seq desc limit 1`,
  );
  const [newest] = rows;
  const head = 'update partition_heads set seq = $1 where partition = 0';
  await eventStore.query(head, [(newest?.seq ?? 0n) - 1n]);
  await expect(checkpoint()).rejects.toThrow(/the log ends at \d+, the last checkpoint: partition/);
  await eventStore.query(head, [newest?.seq]);
  const batch = 'update outbox set batch_id = $1 where partition = 0 and seq = $2';
  await eventStore.query(batch, [randomUUID(), newest?.seq]);
  await expect(checkpoint()).rejects.toThrow(/the log holds batch .* the last checkpoint/);
  await eventStore.query(batch, [newest?.batch_id, newest?.seq]);
});

it('tells lines that are missing, moved, changed, or signed by another', async () => {
  const lines = await linesOf(file);
  const other = join(folder, 'other');
  const report = async (given: readonly string[]): Promise<string> => {
    await writeFile(other, `${given.join('\n')}\n`);
    return (await verify(other)).findings.join('; ');
  };
  expect(await report(lines.toSpliced(1, 1))).toContain('line 2 does not follow');
  expect(await report(lines.slice(1))).toContain('line 1 does not follow');
  const [first = '', ...rest] = lines;
  expect(await report([first.replace(/"at":"2/, '"at":"3'), ...rest])).toContain(
    'line 1 is not signed',
  );
  await writeFile(other, `${lines.join('\n')}\n{"broken off`);
  expect((await verify(other)).notes).toEqual([
    `line ${lines.length + 1} is no checkpoint: broken off?`,
  ]);
  const stranger = generateKeyPairSync('ed25519').privateKey;
  await expect(checkpoint(stranger)).rejects.toThrow('no checkpoint that this key has signed');
});

it('goes on behind a line that was broken off', async () => {
  const other = join(folder, 'broken');
  const db = { db: service, log: silentLogger };
  await appendFile(other, '{"broken off');
  await makeCheckpoint(db, other, privateKey, NEVER);
  expect((await linesOf(other)).length).toBe(2);
  expect((await verify(other)).notes).toEqual(['line 1 is no checkpoint: broken off?']);
});

it('begins behind what is in the archive, and takes all of it when that is back', async () => {
  const archive = join(folder, 'archive');
  await databases.projectionStore.query('update projected_heads set seq = 3');
  await archiveRows(databases, archive, -1);
  const { notes, rows } = await verify();
  expect(notes.join()).toContain('are not verified: in the archive');
  expect(BigInt(rows)).toBeLessThan(await rowCount());
  await unarchiveRows(databases, archive);
  expect((await verify()).notes).toEqual([]);
});
