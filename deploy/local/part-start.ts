// The start of a part, as far as it needs no memory of earlier ones: what a part is made of, and
// the asking until it answers. A part that ends first, or takes too long, is an error with its
// log's end.
import { sleep } from '#platform/waiting.ts';
import type { Command, ExitStatus, GuardedProcess } from './guarded-process.ts';
import { lastLines } from './log-files.ts';

const READY_POLL_MS = 25;
const LOG_LINES = 15;

export type PartSpec = {
  name: string;
  /** Made anew for every start; may also clear away what the last process left. */
  command: () => Promise<Command>;
  /** Asks the part itself; an error counts as "not yet". */
  isReady: (pid: number) => Promise<boolean>;
  readyTimeoutMs: number;
  stopSignal: NodeJS.Signals;
  /** How long stop() waits before SIGKILL. */
  graceMs: number;
  logFile: string;
};

export async function untilReady(
  spec: PartSpec,
  guarded: GuardedProcess,
  startedAt: number,
  signal: AbortSignal,
): Promise<void> {
  let lastError: unknown;
  while (!guarded.hasExited()) {
    signal.throwIfAborted();
    try {
      if (await spec.isReady(guarded.pid)) return;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() - startedAt > spec.readyTimeoutMs) {
      throw partError(spec, `was not ready in ${spec.readyTimeoutMs / 1000} s`, lastError);
    }
    await sleep(READY_POLL_MS);
  }
  signal.throwIfAborted();
  const how = describeExit(await guarded.exited);
  throw partError(spec, `ended (${how}) before it was ready`, lastError);
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
