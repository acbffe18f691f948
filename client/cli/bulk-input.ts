/**
 * The file of a bulk run, opened once and read from its beginning as often as needed: plain, gzip
 * or zstd, known by its first bytes. A pipe is first copied into a file without a name, which is
 * gone with the process.
 * Promises: every reading gives the same bytes, or `isChanged` says that it could not.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline, Readable, type Duplex } from 'node:stream';
import * as zlib from 'node:zlib';
import { BULK_LIMITS } from './bulk-limits.ts';
import { CommandError } from './command-context.ts';

export const STDIN = '-';

export type BulkInput = {
  /** Without its folder and without .gz or .zst; empty for a pipe. */
  readonly name: string;
  readonly bytes: () => AsyncIterable<unknown>;
  readonly isChanged: () => Promise<boolean>;
  readonly close: () => Promise<void>;
};

export async function openBulkInput(
  path: string,
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<BulkInput> {
  const handle = path === STDIN ? await spooled(stdin, signal) : await opened(path);
  try {
    const { size, mtimeMs } = await handle.stat();
    const unpack = unpackerOf(await firstBytes(handle));
    return {
      name: path === STDIN ? '' : basename(path).replace(/\.(gz|zst)$/i, ''),
      bytes: () => readFrom(handle, unpack),
      isChanged: async () => {
        const now = await handle.stat();
        return now.size !== size || now.mtimeMs !== mtimeMs;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    // Opening a pipe would wait for who writes into it.
    if ((await stat(path)).isFile()) return await open(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${path} cannot be read: ${why}`, undefined, error);
  }
  throw new CommandError(`${path} is no file; give a pipe as ${STDIN}`);
}

/** What the pipe brings, to its end. */
async function spooled(stdin: NodeJS.ReadableStream, signal: AbortSignal): Promise<FileHandle> {
  const folder = mkdtempSync(join(tmpdir(), 'bank-bulk-'));
  const handle = await open(join(folder, 'stdin'), 'wx+', 0o600);
  rmSync(folder, { recursive: true });
  try {
    let size = 0;
    for await (const chunk of stdin) {
      signal.throwIfAborted();
      size += chunk.length;
      if (size > BULK_LIMITS.spoolBytesMax) {
        throw new CommandError(`more than ${BULK_LIMITS.spoolBytesMax} bytes come by the pipe`);
      }
      await handle.appendFile(chunk);
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Unpacker = { readonly name: string; readonly create: () => Duplex };

const GZIP: Unpacker = { name: 'gzip', create: () => zlib.createGunzip() };
const ZSTD: Unpacker = { name: 'zstd', create: () => zlib.createZstdDecompress() };

async function firstBytes(handle: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  return buffer.subarray(0, bytesRead).toString('hex');
}

function unpackerOf(first: string): Unpacker | undefined {
  if (first.startsWith('1f8b')) return GZIP;
  if (first !== '28b52ffd') return undefined;
  if ('createZstdDecompress' in zlib) return ZSTD;
  throw new CommandError('zstd needs Node 22.15 or newer: unpack the file, or use gzip');
}

async function* readFrom(handle: FileHandle, unpack: Unpacker | undefined) {
  try {
    yield* unpack === undefined ? rawBytes(handle) : unpacked(handle, unpack);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = unpack === undefined ? 'the file' : `the file's ${unpack.name}`;
    throw new CommandError(`${what} cannot be read to its end: ${why}`, undefined, error);
  }
}

function unpacked(handle: FileHandle, { create }: Unpacker): Readable {
  const unpacking = create();
  const raw = Readable.from(rawBytes(handle), { objectMode: false });
  // Its errors come out of the stream that is read.
  pipeline(raw, unpacking, () => undefined);
  return unpacking;
}

/** By place, not by a stream over the descriptor: that would close it when a reader stops early. */
async function* rawBytes(handle: FileHandle): AsyncGenerator<Buffer, void, void> {
  for (let position = 0; ;) {
    const bytes = Buffer.allocUnsafe(BULK_LIMITS.readBytes);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield bytes.subarray(0, bytesRead);
  }
}
