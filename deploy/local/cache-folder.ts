// What the local stack fetches once and keeps for all checkouts: jars, a Redis, class archives. The
// cache lies outside node_modules, in ${XDG_CACHE_HOME:-~/.cache}/banking-es. An entry is made
// beside its place and renamed, so it is whole or not there; of two runs at once one makes it.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { waitForLock } from '../file-lock.mjs';
import type { Progress } from './progress.ts';

const MAKE_TIMEOUT_MS = 10 * 60_000;

export function cachePath(...names: string[]): string {
  const given = process.env['XDG_CACHE_HOME'];
  const root = given === undefined || given === '' ? join(homedir(), '.cache') : given;
  return join(root, 'banking-es', ...names);
}

/** The cache's folder of that name; make fills it when it is not there. */
export async function cachedFolder(
  name: string,
  progress: Progress,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = cachePath(name);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const lock = await waitForLock(`${folder}.lock`, {
    timeoutMs: MAKE_TIMEOUT_MS,
    onWait: (pid) => progress('cache', `process ${pid} is fetching ${name}, waiting for it`),
  });
  try {
    if (existsSync(folder)) return folder;
    const draft = `${folder}.new`; // left by a run that was killed, perhaps: we hold the lock
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft);
    await make(draft);
    renameSync(draft, folder);
    return folder;
  } finally {
    lock.release();
  }
}
