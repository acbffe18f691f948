/**
 * Finds a Chromium: on the PATH, else the one of the npm package @sparticuz/chromium, fetched once
 * into the cache and unpacked there with the libraries that a bare machine lacks: without root, and
 * nothing is installed. Where neither can be had it says what to install.
 */
import { createReadStream, createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { cachedFolder } from '#deploy/local/cache-folder.ts';
import { onPath } from '#deploy/local/on-path.ts';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const VERSION = '153.0.0';
const FETCH_TIMEOUT_MS = 150_000;
const WHAT_TO_DO = 'install Chromium (Debian: apt-get install chromium)';

export type ChromiumBinary = {
  readonly path: string;
  /** Beside the process' own. */
  readonly env: Readonly<Record<string, string>>;
};

export async function findChromium(progress: Progress): Promise<ChromiumBinary> {
  const known = NAMES.map(onPath).find((path) => path !== undefined);
  if (known !== undefined) return { path: known, env: {} };
  const folder = await cachedFolder(`chromium-npm-${VERSION}`, progress, async (draft) => {
    progress('chromium', "none on the PATH, fetching npm's (70 MB, once)");
    await fetchPackage(draft);
  });
  const env = { LD_LIBRARY_PATH: join(folder, 'lib') };
  return { path: join(folder, 'chromium'), env };
}

async function fetchPackage(folder: string): Promise<void> {
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const wanted = `@sparticuz/chromium@${VERSION}`;
    await run('npm', 'install', '--prefix', folder, '--ignore-scripts', '--no-audit', wanted);
    const packed = join(folder, 'node_modules/@sparticuz/chromium/bin');
    await unpack(join(packed, 'chromium.br'), join(folder, 'chromium'));
    const archive = join(folder, 'libraries.tar');
    await unpack(join(packed, 'al2023.tar.br'), archive);
    mkdirSync(join(folder, 'lib'), { recursive: true });
    await run('tar', '-xf', archive, '-C', folder);
    rmSync(archive);
  } catch (error) {
    throw new Error(`Chromium could not be fetched: ${WHAT_TO_DO}`, { cause: error });
  }
  rmSync(join(folder, 'node_modules'), { recursive: true });
}

async function unpack(from: string, to: string): Promise<void> {
  const executable = createWriteStream(to, { mode: 0o755 });
  await pipeline(createReadStream(from), createBrotliDecompress(), executable);
}

async function run(file: string, ...args: string[]): Promise<void> {
  const missing = `There is no Chromium on the PATH, and no ${file} to fetch one: ${WHAT_TO_DO}`;
  await runTool(file, args, { timeoutMs: FETCH_TIMEOUT_MS, missing });
}
