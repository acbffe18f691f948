/**
 * A file of the archive: some rows of the log of one partition, as PostgreSQL's own binary COPY,
 * packed by gzip, and beside it its manifest, which says what is inside. A file counts when it was
 * written, synced to the disk, read again and found to hold what was meant to be in it.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Bounded by the rows that go into one file. */
const CONTENT_BYTES_MAX = 256 * 1024 * 1024;
const SEQ_DIGITS = 12;
const PARTITION_DIGITS = 4;

const position = z.string().regex(/^\d+$/);

/** Large numbers are text, as in all JSON of ours. */
const manifestSchema = z.object({
  format: z.literal(1),
  logId: z.uuid(),
  partition: z.int(),
  firstSeq: position,
  lastSeq: position,
  firstStoredAt: z.string(),
  lastStoredAt: z.string(),
  /** One a position. */
  batchIds: z.array(z.uuid()),
  /** Of the COPY, in its order. */
  columns: z.array(z.string().regex(/^[a-z_]+$/)),
  sha256: z.string(),
  bytes: z.int(),
  contentSha256: z.string(),
  contentBytes: z.int().max(CONTENT_BYTES_MAX),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Described = Omit<
  Manifest,
  'format' | 'sha256' | 'bytes' | 'contentSha256' | 'contentBytes'
>;

export function fileNameOf(partition: number, firstSeq: bigint, lastSeq: bigint): string {
  const seqs = [firstSeq, lastSeq].map((seq) => String(seq).padStart(SEQ_DIGITS, '0'));
  return `outbox-p${String(partition).padStart(PARTITION_DIGITS, '0')}-${seqs.join('-')}.copy.gz`;
}

/** The manifest comes last: a file without one is what a broken run has left. */
export async function writeArchiveFile(
  folder: string,
  fileName: string,
  described: Described,
  content: Buffer,
): Promise<Manifest> {
  const packed = await pack(content);
  const manifest: Manifest = {
    format: 1,
    ...described,
    sha256: sha256(packed),
    bytes: packed.length,
    contentSha256: sha256(content),
    contentBytes: content.length,
  };
  await checkFree(folder, fileName, manifest);
  await writeSynced(folder, fileName, packed);
  await writeSynced(folder, manifestName(fileName), `${JSON.stringify(manifest, null, 2)}\n`);
  await readArchiveFile(folder, fileName, manifest.sha256);
  return manifest;
}

/** A run that broke off has left the same rows there, a log of before a restore maybe others. */
async function checkFree(folder: string, fileName: string, manifest: Manifest): Promise<void> {
  const path = join(folder, manifestName(fileName));
  if (!existsSync(path)) return;
  const there = await readManifest(path);
  if (there.contentSha256 === manifest.contentSha256) return;
  throw new Error(`${path}: is of other rows (of log ${there.logId}): use another folder`);
}

export type ArchiveFile = { manifest: Manifest; content: Buffer };

/** Throws when it is not byte for byte what was archived under this checksum. */
export async function readArchiveFile(
  folder: string,
  fileName: string,
  expectedSha256: string,
): Promise<ArchiveFile> {
  const path = join(folder, fileName);
  const manifest = await readManifest(join(folder, manifestName(fileName)));
  const packed = await readFile(path);
  const found = sha256(packed);
  if (found !== expectedSha256 || manifest.sha256 !== expectedSha256) {
    throw new Error(`${path}: its SHA-256 is ${found}, archived was ${expectedSha256}`);
  }
  const content = await unpack(packed, { maxOutputLength: CONTENT_BYTES_MAX });
  if (sha256(content) === manifest.contentSha256) return { manifest, content };
  throw new Error(`${path}: its content is not what its manifest says`);
}

async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(path, 'utf8');
  try {
    const content: unknown = JSON.parse(text);
    return manifestSchema.parse(content);
  } catch (cause) {
    throw new Error(`${path}: is not the manifest of an archive file`, { cause });
  }
}

function manifestName(fileName: string): string {
  return `${fileName}.json`;
}

/** Under its name only when all of it is on the disk. */
async function writeSynced(folder: string, name: string, data: Buffer | string): Promise<void> {
  const draft = join(folder, `${name}.part`);
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(folder, name));
  await syncFolder(folder);
}

export async function syncFolder(folder: string): Promise<void> {
  const entry = await open(folder, 'r');
  try {
    await entry.sync();
  } finally {
    await entry.close();
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
