/**
 * What a backup is laid out as, and what is refused before anything is written. That PostgreSQL
 * comes up on it is shown end to end (test/e2e/restored-store.test.ts).
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restoreServer } from '#deploy/ops/restore-server.ts';

let root: string;
const at = (...names: string[]): string => join(root, ...names);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bank-restore-'));
  for (const name of ['source', 'backup', 'wal']) mkdirSync(at(name));
  writeFileSync(at('source', 'postgresql.auto.conf'), "port = '1'\n");
  execFileSync('tar', ['-czf', at('backup', 'base.tar.gz'), '-C', at('source'), '.']);
  writeFileSync(at('backup', 'backup_manifest'), '{}');
  describe(
    createHash('sha256')
      .update(readFileSync(at('backup', 'base.tar.gz')))
      .digest('hex'),
  );
});
afterEach(() => rmSync(root, { recursive: true }));

function describe(sha256: string): void {
  const times = { startedAt: '2026-06-30T22:00:00Z', endedAt: '2026-06-30T22:01:00Z' };
  const wal = { timeline: 1, startLsn: '0/2000028', endLsn: '0/3000000' };
  const sizes = { sha256, bytes: 1, contentBytes: 1 };
  const log = { serverVersion: '18.4', logId: 'a', heads: { 0: '12' } };
  const text = JSON.stringify({ format: 1, ...times, ...wal, ...sizes, ...log });
  writeFileSync(at('backup', 'backup.json'), text);
}

type Change = { wal?: string; until?: Date };
const restore = (change: Change = {}) =>
  restoreServer({
    folder: at('backup'),
    into: at('into'),
    wal: undefined,
    until: undefined,
    ...change,
  });

test('alone it is of its own moment, with WAL it goes on from there', async () => {
  expect(await restore()).toMatchObject({ logId: 'a', heads: { 0: '12' } });
  expect(existsSync(at('into', 'recovery.signal'))).toBe(false);
  expect(existsSync(at('into', 'backup_manifest'))).toBe(true);
  rmSync(at('into'), { recursive: true });
  await restore({ wal: at('wal'), until: new Date('2026-06-30T22:30:00Z') });
  expect(existsSync(at('into', 'recovery.signal'))).toBe(true);
  expect(readFileSync(at('into', 'postgresql.auto.conf'), 'utf8').split('\n')).toEqual([
    "port = '1'",
    `restore_command = 'cp "${at('wal')}/%f" "%p"'`,
    "recovery_target_timeline = 'latest'",
    "recovery_target_action = 'promote'",
    "recovery_target_time = '2026-06-30 22:30:00.000+00'",
    '',
  ]);
});

test.each<[string, () => void, Change, string]>([
  ['without backup.json', () => rmSync(at('backup', 'backup.json')), {}, 'no whole backup'],
  ['of other bytes', () => describe('0'.repeat(64)), {}, 'SHA-256'],
  [
    'into a folder that is used',
    () => mkdirSync(at('into', 'x'), { recursive: true }),
    {},
    'empty',
  ],
  ['to a time without WAL', () => undefined, { until: new Date() }, '--until needs --wal'],
  ['from WAL that is not there', () => undefined, { wal: '/nowhere' }, 'no such folder'],
])('refused: %s', async (_, change, options, message) => {
  change();
  await expect(restore(options)).rejects.toThrow(message);
  expect(existsSync(at('into', 'postgresql.auto.conf'))).toBe(false);
});

test('a folder of WAL whose name a shell would read is refused, and nothing is left', async () => {
  const wal = at('w"al');
  mkdirSync(wal);
  await expect(restore({ wal })).rejects.toThrow('plain name');
  expect(existsSync(at('into'))).toBe(false);
});
