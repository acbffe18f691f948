// The life of a service's process: start, serve, drain, exit. The first SIGTERM or SIGINT drains
// (ctx.stopping aborts, then the closers run) within graceMs and exits 0, or 1 when it had to be
// cut; a second signal exits at once. ctx.fail, an unhandled rejection and an uncaught exception
// log their reason, close for at most 2 s and exit 1: a service never lives on without one of its
// parts.
import { Closers } from './closers.ts';
import type { Logger } from './logger.ts';
import { within } from './waiting.ts';

export { Closers } from './closers.ts';

const FAIL_GRACE_MS = 2000;
const DEFAULT_GRACE_MS = 9000;

export type ServiceContext = {
  closers: Closers;
  log: Logger;
  /** Aborts when the service starts to drain. */
  stopping: AbortSignal;
  /** Ends the process with exit code 1 and this reason in the log. */
  fail: (reason: string, cause?: unknown) => void;
};

export type ServiceOptions = {
  name: string;
  log: Logger;
  start: (ctx: ServiceContext) => Promise<void>;
  /** From the signal to the exit. */
  graceMs?: number;
};

/** Resolves when the service has started; the process then lives until it is stopped or fails. */
export async function runService(options: ServiceOptions): Promise<void> {
  const { log, name } = options;
  const stopping = new AbortController();
  const closers = new Closers(log);
  let started: Promise<void> = Promise.resolve();

  const end = async (graceMs: number, code: number): Promise<never> => {
    stopping.abort(new Error(`${name} is stopping`));
    const closed = closeAfterStart(started, closers);
    const inTime = await within(graceMs, closed);
    if (!inTime)
      log.error('Could not close everything in time; exiting all the same.', { graceMs });
    process.exit(inTime ? code : 1);
  };
  const fail = (reason: string, cause?: unknown): void => {
    log.error(reason, cause === undefined ? {} : { err: cause });
    if (stopping.signal.aborted) return;
    void end(FAIL_GRACE_MS, 1);
  };
  const stop = (why: string): void => {
    if (stopping.signal.aborted) process.exit(1);
    log.info(`${name} is stopping.`, { why });
    void end(options.graceMs ?? DEFAULT_GRACE_MS, 0);
  };

  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('uncaughtException', (error) => fail('Uncaught exception.', error));
  process.on('unhandledRejection', (reason) => fail('Unhandled rejection.', reason));
  stopWithParent(() => {
    if (!stopping.signal.aborted) stop('the parent process is gone');
  });

  started = options.start({ closers, log, stopping: stopping.signal, fail });
  try {
    await started;
  } catch (error) {
    if (!stopping.signal.aborted) fail(`${name} could not start.`, error);
  }
}

/**
 * With BANK_EXIT_WITH_PARENT=1 the service drains when its stdin, a pipe from its parent, is
 * closed.
 */
function stopWithParent(stop: () => void): void {
  if (process.env['BANK_EXIT_WITH_PARENT'] !== '1') return;
  process.stdin.on('end', stop);
  process.stdin.on('error', stop);
  process.stdin.resume();
}

async function closeAfterStart(started: Promise<void>, closers: Closers): Promise<void> {
  await started.catch(() => undefined); // reported by runService
  await closers.closeAll().catch(() => undefined); // each closer's error is logged by Closers
}
