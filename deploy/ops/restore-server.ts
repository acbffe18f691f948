/**
 * Lays a base backup out as the data folder of a new PostgreSQL, to be started by whoever runs it:
 * check the checksum > unpack > say how far to recover. With the archived WAL the server comes back
 * at its newest moment, or at the one asked for, on a new timeline; without, as it was at the
 * backup's end. Nothing is written where something is already.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runTool } from '../local/run-tool.ts';
import { BASE_FILE, MANIFEST_FILE, readDescription } from './backup-file.ts';
import type { BackupDescription } from './backup-file.ts';

const UNPACK_TIMEOUT_MS = 6 * 60 * 60 * 1000;

export type RestoreOptions = {
  /** Of the backup. */
  folder: string;
  /** The new data folder. */
  into: string;
  /** Where archive_command has put the WAL; undefined: none. */
  wal: string | undefined;
  /** With WAL only; undefined: as far as it goes. */
  until: Date | undefined;
};

export async function restoreServer(options: RestoreOptions): Promise<BackupDescription> {
  const { folder, into, wal, until } = options;
  if (until !== undefined && wal === undefined) {
    throw new Error('--until needs --wal: a backup alone is of one moment');
  }
  if (wal !== undefined && !existsSync(wal)) throw new Error(`${wal}: there is no such folder`);
  const description = await readDescription(folder);
  const isUsed = existsSync(into) && (await readdir(into)).length > 0;
  if (isUsed) throw new Error(`${into}: is not empty; a server is restored into a new folder`);
  await checkBase(folder, description);
  await mkdir(into, { recursive: true, mode: 0o700 });
  try {
    await unpack(join(folder, BASE_FILE), into);
    await copyFile(join(folder, MANIFEST_FILE), join(into, MANIFEST_FILE));
    if (wal !== undefined) await recoverFrom(wal, into, until);
  } catch (error) {
    await rm(into, { recursive: true, force: true });
    throw error;
  }
  return description;
}

async function checkBase(folder: string, { sha256 }: BackupDescription): Promise<void> {
  const path = join(folder, BASE_FILE);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if (found === sha256) return;
  throw new Error(`${path}: its SHA-256 is ${found}, the backup's was ${sha256}`);
}

async function unpack(file: string, into: string): Promise<void> {
  const flags = ['-xzf', file, '-C', into, '--no-same-owner'];
  const missing = 'tar is not installed';
  await runTool('tar', flags, { timeoutMs: UNPACK_TIMEOUT_MS, missing });
}

/** The last word on a setting is that of postgresql.auto.conf. */
async function recoverFrom(wal: string, into: string, until: Date | undefined): Promise<void> {
  const settings = [
    `restore_command = '${quoted(`cp "${wal}/%f" "%p"`)}'`,
    `recovery_target_timeline = 'latest'`,
    `recovery_target_action = 'promote'`,
    `recovery_target_time = '${until === undefined ? '' : recoveryTime(until)}'`,
  ];
  await appendFile(join(into, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
  await writeFile(join(into, 'recovery.signal'), '');
}

/** The setting knows offsets only, no Z. */
function recoveryTime(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '+00');
}

function quoted(text: string): string {
  if (/["%\\\n]/.test(text.replaceAll(/"[^"]*\/%f"|"%p"/g, ''))) {
    throw new Error(`${text}: a folder of WAL must have a plain name`);
  }
  return text.replaceAll("'", "''");
}
