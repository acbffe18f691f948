// A lock file that names its holder, for what two runs at once must not both do (npm ci, filling
// the cache, using one data folder). Plain JavaScript: the bootstrap needs it before anything is
// installed. A holder that has ended (or whose pid now belongs to another process) does not count:
// its file is taken over. The file is removed on release, and healed here after a SIGKILL.

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/** @returns {{ release: () => void } | { heldBy: number }} */
export function tryLock(path) {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${process.pid} ${startTimeOf(process.pid)}\n`;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    if (createWhole(path, own)) return { release: () => removeOwn(path, own) };
    const found = readOrEmpty(path);
    const holder = holderOf(found);
    if (holder !== undefined) return { heldBy: holder };
    if (found !== '') moveAway(path, found);
  }
  throw new Error(`the lock ${path} is neither free nor held: remove it`);
}

export async function waitForLock(path, { timeoutMs, onWait }) {
  const endsAt = Date.now() + timeoutMs;
  for (let told = false; ; told = true) {
    const lock = tryLock(path);
    if ('release' in lock) return lock;
    if (!told) onWait(lock.heldBy);
    if (Date.now() > endsAt) throw new Error(`process ${lock.heldBy} still holds ${path}`);
    await sleep(POLL_MS);
  }
}

// Field 22 of /proc/<pid>/stat tells a process from a later one with the same pid.
export function startTimeOf(pid) {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function holderOf(content) {
  const [pid, started] = content.trim().split(' ');
  if (!pid || !isAlive(Number(pid))) return undefined;
  return (started ?? '') === startTimeOf(Number(pid)) ? Number(pid) : undefined;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// Linking a finished file makes the lock appear with its content, never empty.
function createWhole(path, content) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

// Two that take over at once: the slower one may have moved a fresh lock away, and puts it back.
function moveAway(path, stale) {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (readOrEmpty(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function removeOwn(path, own) {
  if (readOrEmpty(path) === own) rmSync(path, { force: true });
}

function readOrEmpty(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
    throw error;
  }
}
