// The start of a part, as far as it needs no memory of earlier ones: what a part is made of, and
// the asking until it answers. A part that ends first, or takes too long, is an error with its
// log's end; one that says that it is at work on its start gets longer.
import { sleep } from '#platform/waiting.ts';
import type { Command, ExitStatus, GuardedProcess } from './guarded-process.ts';
import { lastLines } from './log-files.ts';

const READY_POLL_MS = 25;
const LONG_START_POLL_MS = 250; // each refusal is a line of its log
const LOG_LINES = 15;
const LONG_START_TOLD_MS = 1000; // and again after twice as long, each time

export type PartSpec = {
  name: string;
  /** Made anew for every start; may also clear away what the last process left. */
  command: () => Promise<Command>;
  /** Asks the part itself; an error counts as "not yet". */
  isReady: (pid: number) => Promise<boolean>;
  /** How long it may say nothing of a long start, and not be ready. */
  readyTimeoutMs: number;
  longStart?: LongStart;
  stopSignal: NodeJS.Signals;
  /** How long stop() waits before SIGKILL. */
  graceMs: number;
  logFile: string;
};

/** Work that a start may need (recovery after a kill). To end it then is to begin it again. */
export type LongStart = {
  /** For people: "recovers". */
  what: string;
  /** Whether an error of isReady says that it is at it. */
  isUnderWay: (error: unknown) => boolean;
  timeoutMs: number;
};

export type StartWatch = {
  startedAt: number;
  signal: AbortSignal;
  say: (text: string) => void;
};

export async function untilReady(
  spec: PartSpec,
  guarded: GuardedProcess,
  { startedAt, signal, say }: StartWatch,
): Promise<void> {
  let problem: unknown;
  let quietSince = startedAt;
  let tellAfterMs = LONG_START_TOLD_MS;
  while (!guarded.hasExited()) {
    signal.throwIfAborted();
    const answer = await ask(spec, guarded.pid);
    if (answer === 'ready') return;
    problem = answer.problem ?? problem;
    const now = performance.now();
    const sinceMs = now - startedAt;
    const seconds = Math.round(sinceMs / 1000);
    let pollMs = READY_POLL_MS;
    if (isAtWork(spec, answer.problem, sinceMs)) {
      quietSince = now;
      if (sinceMs >= LONG_START_TOLD_MS) pollMs = LONG_START_POLL_MS;
      if (sinceMs >= tellAfterMs) {
        say(`${spec.longStart?.what}, ${seconds} s so far`);
        tellAfterMs = sinceMs * 2;
      }
    }
    if (now - quietSince > spec.readyTimeoutMs) {
      throw partError(spec, `was not ready in ${seconds} s`, problem);
    }
    await sleep(pollMs);
  }
  signal.throwIfAborted();
  const how = describeExit(await guarded.exited);
  throw partError(spec, `ended (${how}) before it was ready`, problem);
}

async function ask(spec: PartSpec, pid: number): Promise<'ready' | { problem?: unknown }> {
  try {
    return (await spec.isReady(pid)) ? 'ready' : {};
  } catch (error) {
    return { problem: error };
  }
}

function isAtWork({ longStart }: PartSpec, problem: unknown, sinceMs: number): boolean {
  return longStart?.isUnderWay(problem) === true && sinceMs < longStart.timeoutMs;
}

// Making a command may take minutes (a download): a stop does not wait for it.
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Error('stopped', { cause: signal.reason }));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export function partError(spec: PartSpec, what: string, cause?: unknown): Error {
  const end = lastLines(spec.logFile, LOG_LINES);
  return new Error(`${spec.name} ${what}; its log ${spec.logFile} ends:\n${end}`, { cause });
}

export function describeExit(status: ExitStatus): string {
  return status.signal ?? `exit code ${status.code}`;
}
