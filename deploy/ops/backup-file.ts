/** What a backup's folder holds, and the file that says what it is: without it it is not whole. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const BACKUP_FILE = 'backup.json';
export const BASE_FILE = 'base.tar.gz';
/** PostgreSQL's own, with a checksum a file: for pg_verifybackup. */
export const MANIFEST_FILE = 'backup_manifest';

const lsn = z.string().regex(/^[0-9A-F]+\/[0-9A-F]+$/);

const descriptionSchema = z.object({
  format: z.literal(1),
  startedAt: z.string(),
  endedAt: z.string(),
  serverVersion: z.string(),
  timeline: z.int(),
  startLsn: lsn,
  endLsn: lsn,
  /** Of the event store when the backup began: its log, and each partition's newest position. */
  logId: z.string(),
  heads: z.record(z.string(), z.string()),
  /** Of the packed tar. */
  sha256: z.string(),
  bytes: z.int(),
  contentBytes: z.int(),
});

export type BackupDescription = z.infer<typeof descriptionSchema>;

/** Of the server when the backup began. */
export type LogState = {
  serverVersion: string;
  log: Pick<BackupDescription, 'logId' | 'heads'>;
};

export async function readDescription(folder: string): Promise<BackupDescription> {
  const path = join(folder, BACKUP_FILE);
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    return descriptionSchema.parse(content);
  } catch (cause) {
    throw new Error(`${path}: there is no whole backup`, { cause });
  }
}
