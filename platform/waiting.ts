// Waits that end: a sleep that a signal cuts short, and retries with a bounded number of attempts,
// a growing pause and jitter. Both leave no timer and no listener behind. On abort they throw the
// signal's reason.

export type BackoffOptions = {
  firstMs: number;
  maxMs: number;
  /** Tries in all, the first included. */
  attempts: number;
  signal?: AbortSignal;
  /** Errors for which it answers false are thrown at once. Default: every error is tried again. */
  retriable?: (error: unknown) => boolean;
  /** Called before each pause. */
  onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
};

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortReason(signal));
    const onAbort = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Runs fn until it succeeds; throws its last error when the attempts are used up. */
export async function retryWithBackoff<T>(
  options: BackoffOptions,
  fn: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await fn(attempt);
    } catch (error) {
      const again = options.retriable?.(error) ?? true;
      if (!again || attempt >= options.attempts) throw error;
      const delayMs = backoffMs(options, attempt);
      options.onRetry?.(error, attempt, delayMs);
      await sleep(delayMs, options.signal);
    }
  }
}

/** The pause after a failed attempt (1, 2, ...): it doubles up to maxMs; half of it is random. */
export function backoffMs(range: { firstMs: number; maxMs: number }, attempt: number): number {
  const full = Math.min(range.maxMs, range.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + Math.random() * (full / 2));
}

/** Why the signal aborted, as an error that can be thrown. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}

const KEEP_ALIVE_MS = 60_000;

/** Resolves when the signal is aborted, and keeps the process running until then. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await sleep(KEEP_ALIVE_MS, signal).catch(() => undefined);
}

/** Waits for the work, for so long at most; answers whether it was done in time. */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
