/**
 * A base backup of a running PostgreSQL by its own protocol (BASE_BACKUP, as pg_basebackup asks):
 * the whole server in one packed tar, with the WAL that makes it whole, the server's manifest, and
 * a file that says what it is and comes last. With the archived WAL from then on it can be brought
 * to any moment; alone it is the server as it was at its end.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { copyOut } from '#platform/copy-out.ts';
import { syncFolder } from './archive-file.ts';
import { BACKUP_FILE, BASE_FILE, MANIFEST_FILE } from './backup-file.ts';
import type { BackupDescription, LogState } from './backup-file.ts';

const SQL = `BASE_BACKUP (LABEL 'bank', CHECKPOINT 'fast', WAL true, WAIT false,
                          MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256')`;
/** Fast: the server waits for what reads it. */
const GZIP_LEVEL = 1;
/** The first byte of each chunk says what follows it. */
const KIND = { newArchive: 0x6e, manifest: 0x6d, data: 0x64, progress: 0x70 } as const;

export type BackupOptions = LogState & {
  /** As a role with the right to replicate, on a replication connection. */
  replication: pg.Client;
  /** Made by this backup; nothing may be there. */
  folder: string;
};

export async function backUpServer(options: BackupOptions): Promise<BackupDescription> {
  const { replication, folder, serverVersion, log } = options;
  if (existsSync(folder)) throw new Error(`${folder}: is there already; a backup makes its own`);
  await mkdir(folder, { mode: 0o700 });
  const startedAt = new Date();
  const base = await createPackedFile(join(folder, BASE_FILE));
  const manifest = await open(join(folder, MANIFEST_FILE), 'wx', 0o600);
  let target: 'base' | 'manifest' = 'base';
  const rows = await copyOut(replication, SQL, async (chunk) => {
    const content = chunk.subarray(1);
    if (chunk[0] === KIND.newArchive) checkOnlyBase(content);
    else if (chunk[0] === KIND.manifest) target = 'manifest';
    else if (chunk[0] === KIND.data && target === 'base') await base.write(content);
    else if (chunk[0] === KIND.data) await manifest.writeFile(content);
    else if (chunk[0] !== KIND.progress) throw new Error(`BASE_BACKUP sent kind ${chunk[0]}`);
  });
  await manifest.sync();
  await manifest.close();
  const packed = await base.finish();
  const [start] = rows;
  const end = rows.at(-1);
  const description: BackupDescription = {
    format: 1,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    serverVersion,
    timeline: Number(start?.[1]),
    startLsn: start?.[0] ?? '',
    endLsn: end?.[0] ?? '',
    ...log,
    ...packed,
  };
  await writeDescription(folder, description);
  return description;
}

function checkOnlyBase(content: Buffer): void {
  const [name = ''] = content.toString('latin1').split('\0');
  if (name === 'base.tar') return;
  throw new Error(`the server has a tablespace of its own (${name}), which this does not back up`);
}

type PackedFile = {
  write: (chunk: Buffer) => Promise<void>;
  finish: () => Promise<{ sha256: string; bytes: number; contentBytes: number }>;
};

async function createPackedFile(path: string): Promise<PackedFile> {
  const file = await open(path, 'wx', 0o600);
  const gzip = createGzip({ level: GZIP_LEVEL });
  const hash = createHash('sha256');
  let bytes = 0;
  let contentBytes = 0;
  const written = writeAll(file, gzip, (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  written.catch(() => undefined); // thrown by finish(), or by the write that waits
  return {
    async write(chunk) {
      contentBytes += chunk.length;
      if (!gzip.write(chunk)) await Promise.race([once(gzip, 'drain'), written]);
    },
    async finish() {
      gzip.end();
      await written;
      return { sha256: hash.digest('hex'), bytes, contentBytes };
    },
  };
}

async function writeAll(
  file: FileHandle,
  chunks: AsyncIterable<Buffer>,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  try {
    for await (const chunk of chunks) {
      onChunk(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeDescription(folder: string, description: BackupDescription): Promise<void> {
  const path = join(folder, BACKUP_FILE);
  const file = await open(`${path}.part`, 'wx', 0o600);
  await file.writeFile(`${JSON.stringify(description, null, 2)}\n`);
  await file.sync();
  await file.close();
  await rename(`${path}.part`, path);
  await syncFolder(folder);
}
