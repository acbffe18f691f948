// The folder that holds everything one local stack writes. One stack at a time uses it. Opening it
// heals what a run that was killed has left: processes that still live are ended, and the data is
// wiped unless it is to be kept (PostgreSQL and Kafka recover what is kept by themselves).
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sleep } from '#platform/waiting.ts';
import { z } from 'zod';
import { tryLock } from '../file-lock.mjs';
import { signalProcess } from './guarded-process.ts';
import { processesOf } from './process-tree.ts';
import type { Progress } from './progress.ts';

const PASSWORD_BYTES = 18;
const LEFTOVER_POLL_MS = 50;
const LEFTOVER_GRACE_MS = 4000;
const LEFTOVER_MAX_MS = 10_000;

const passwordsSchema = z.object({
  postgres: z.string(),
  bank_command: z.string(),
  bank_projector: z.string(),
  bank_query: z.string(),
  bank_cdc: z.string(),
});

/** By role. Made once for each data folder. */
export type Passwords = z.infer<typeof passwordsSchema>;

export type DataFolder = {
  path: string;
  logs: string;
  passwords: Passwords;
  /** The path of a folder or file inside. */
  inside: (...names: string[]) => string;
  release: () => void;
};

export async function openDataFolder(
  path: string,
  options: { keepData: boolean; progress: Progress },
): Promise<DataFolder> {
  const folder = resolve(path);
  const lock = tryLock(`${folder}.lock`);
  if ('heldBy' in lock) {
    throw new Error(`process ${lock.heldBy} already runs a stack in ${folder}: stop it first`);
  }
  try {
    await endLeftovers(folder, options.progress);
    const data = join(folder, 'data');
    if (!options.keepData) rmSync(data, { recursive: true, force: true });
    const logs = join(folder, 'logs');
    for (const name of [data, logs]) mkdirSync(name, { recursive: true, mode: 0o700 });
    return {
      path: folder,
      logs,
      passwords: readPasswords(join(data, 'passwords.json')),
      inside: (...names) => join(data, ...names),
      release: lock.release,
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

// The guardians of a killed run are already at it: wait for them, then end what is still there.
async function endLeftovers(folder: string, progress: Progress): Promise<void> {
  const startedAt = performance.now();
  for (let told = false; ; told = true) {
    const left = processesOf(folder);
    if (left.length === 0) return;
    if (!told) progress('stack', `ending ${left.length} processes that an earlier run has left`);
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > LEFTOVER_MAX_MS) throw new Error(`cannot end the processes ${left.join(', ')}`);
    if (waitedMs > LEFTOVER_GRACE_MS) for (const pid of left) signalProcess(pid, 'SIGKILL');
    await sleep(LEFTOVER_POLL_MS);
  }
}

function readPasswords(path: string): Passwords {
  if (!existsSync(path)) {
    const roles = Object.keys(passwordsSchema.shape);
    const made = Object.fromEntries(roles.map((role) => [role, newPassword()]));
    writeFileSync(path, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600 });
  }
  const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return passwordsSchema.parse(stored);
}

function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url');
}
