// What /proc tells of the processes of the local stack: who descends from whom, how much memory
// they hold, and which are left of an earlier run that used the same data folder. Where there is
// no /proc every answer is empty.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Every process of the stack carries this variable, with the stack's data folder as its value. */
export const FOLDER_VARIABLE = 'BANK_LOCAL_FOLDER';

/** A process and its descendants, without the guardian's watcher: that one must never stop. */
export function processTree(rootPid: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [rootPid];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree.filter((pid) => !commandLine(pid).includes('/guardian.sh\0'));
}

/** Resident memory of one process. */
export function residentBytes(pid: number): number {
  return kilobytes(read(`/proc/${pid}/status`), 'VmRSS') * 1024;
}

/** Memory of a tree of processes, pages that several of them share counted once. */
export function treeBytes(rootPid: number): number {
  const shares = processTree(rootPid).map((pid) => read(`/proc/${pid}/smaps_rollup`));
  return shares.reduce((sum, text) => sum + kilobytes(text, 'Pss') * 1024, 0);
}

/** CPU time of a tree of processes so far, in milliseconds (user and system). */
export function treeCpuMs(rootPid: number): number {
  const tickMs = 10; // USER_HZ is 100 on every Linux
  return processTree(rootPid).reduce((sum, pid) => {
    const fields = statFields(pid);
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs;
  }, 0);
}

/** Processes of an earlier run in this folder; PostgreSQL's have lost their environment. */
export function processesOf(folder: string): number[] {
  const marker = `${FOLDER_VARIABLE}=${folder}`;
  return allPids().filter((pid) => {
    if (pid === process.pid) return false;
    if (read(`/proc/${pid}/environ`).split('\0').includes(marker)) return true;
    const isPostgres = /(^|\/)postgres\b/.test(commandLine(pid).split(/[\0:]/)[0] ?? '');
    return isPostgres && workingFolder(pid).startsWith(`${folder}/`);
  });
}

function allPids(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid));
  } catch {
    return []; // no /proc on this system
  }
}

function parentOf(pid: number): number | undefined {
  const parent = statFields(pid)[1];
  return parent === undefined ? undefined : Number(parent);
}

// The command's name stands in brackets and may hold anything; the fields after it do not.
function statFields(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return ''; // it has ended, or is not ours to look at
  }
}

function kilobytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended, or is not ours to look at
  }
}
