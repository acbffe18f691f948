// One process of the local stack, run under guardian.sh: it leads a process group of its own
// (Ctrl-C in a terminal reaches the parent only, which stops things in order), writes to a log
// file, and ends when the parent does, however that happens. Neither it nor its pipe keeps the
// parent running.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

export const GUARDIAN = fileURLToPath(new URL('guardian.sh', import.meta.url));
const KILL_POLL_MS = 20;

export type Command = {
  file: string;
  args: string[];
  env?: Record<string, string>;
  cwd: string;
  atExit?: LastWrite;
};

/** Something that a process writes when it is asked to stop. */
export type LastWrite = {
  what: string;
  /** Asked at the stop: is it worth waiting for? */
  isWanted: () => boolean;
  graceMs: number;
  /** Called once it has been written and the process has ended. */
  done: () => void;
};

export type GuardedOptions = {
  command: Command;
  logFile: string;
  stopSignal: NodeJS.Signals;
  /** How long the guardian waits between stopSignal and SIGKILL once the parent is gone. */
  orphanGraceMs: number;
};

export type ExitStatus = { code: number | null; signal: NodeJS.Signals | null };

export type GuardedProcess = {
  pid: number;
  /** Settles once, when the process and all that was left of its group have ended. */
  exited: Promise<ExitStatus>;
  hasExited: () => boolean;
};

export async function spawnGuarded(options: GuardedOptions): Promise<GuardedProcess> {
  const { command, logFile, stopSignal, orphanGraceMs } = options;
  const log = openSync(logFile, 'a');
  const graceTenths = String(Math.ceil(orphanGraceMs / 100));
  const signalName = stopSignal.replace(/^SIG/, '');
  const child = spawn('sh', [GUARDIAN, signalName, graceTenths, command.file, ...command.args], {
    cwd: command.cwd,
    detached: true,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  child.unref();
  const pipe = child.stdio[3];
  if (pipe instanceof Socket) pipe.unref();
  pipe?.on('error', () => pipe.destroy()); // the other end is gone: so is the process
  let ended = false;
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      pipe?.destroy(); // lets the watcher kill what is left of the group, and end
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  if (child.pid === undefined) throw new Error(`${command.file} has no pid`);
  return { pid: child.pid, exited, hasExited: () => ended };
}

/** Ends a process: stopSignal, then SIGKILL after graceMs. Keeps the event loop alive. */
export async function endProcess(
  guarded: GuardedProcess,
  stopSignal: NodeJS.Signals,
  graceMs: number,
): Promise<ExitStatus> {
  const keepAlive = setInterval(() => undefined, KILL_POLL_MS * 50);
  const force = setTimeout(() => signalProcess(guarded.pid, 'SIGKILL'), graceMs);
  try {
    signalProcess(guarded.pid, 'SIGCONT');
    signalProcess(guarded.pid, stopSignal);
    return await guarded.exited;
  } finally {
    clearTimeout(force);
    clearInterval(keepAlive);
  }
}

/** Sends a signal; a process that has ended already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
