/**
 * Whether and when work that goes on from what is stored is tried again after a fault: one rule for
 * uploads, streams of commands, feeds and reversals.
 */
import { backoffMs, sleep } from '#platform/waiting.ts';
import {
  callFault,
  isServiceError,
  mayGoOn,
  StreamGivenUpError,
  type CallFault,
} from './call-fault.ts';
import type { RetryLimits } from './client-defaults.ts';

export type Tries = {
  /** What is tried, for errors. */
  readonly what: string;
  readonly retry: RetryLimits;
  /** In all, from 1 on. */
  readonly attempts: number;
  /** The same, since something more was stored or told. */
  readonly sinceProgress: number;
};

export type TryOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly onBreak?: ((fault: CallFault, attempt: number, delayMs: number) => void) | undefined;
  /** Which faults the next try may mend. Default: mayGoOn. */
  readonly isMendable?: (fault: CallFault) => boolean;
};

/**
 * Resolves when it is time. Throws the signal's reason, an error that no service has answered as it
 * is, and StreamGivenUpError when the fault is final or the tries are used up.
 */
export async function pauseBeforeNextTry(
  error: unknown,
  { what, retry, attempts, sinceProgress }: Tries,
  { signal, onBreak, isMendable = mayGoOn }: TryOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  if (!isServiceError(error)) throw error;
  const fault = callFault(error);
  const giveUp = sinceProgress >= retry.attempts || attempts >= retry.attemptsTotal;
  if (!isMendable(fault) || giveUp) throw new StreamGivenUpError(what, fault, attempts, error);
  const delayMs = Math.max(fault.retryAfterMs ?? 0, backoffMs(retry, sinceProgress));
  onBreak?.(fault, attempts, delayMs);
  await sleep(delayMs, signal);
}
