/**
 * A lease of bulk mode that is kept until the person ends it: while the bank does not answer it is
 * tried on for as long as it has time left, and whatever the end, it is given back if that goes.
 */
import { BankError } from '../bank-error.ts';
import { CLIENT_DEFAULTS } from '../client-defaults.ts';
import { retryWithBackoff, sleep } from '#platform/waiting.ts';
import type { Duration } from '#proto/google/protobuf/duration.ts';
import type { BankContext } from './program-context.ts';

/** A lease is renewed when so much of it has passed. */
const RENEWED_PART = 1 / 3;
/** Between two tries of a renewal. */
const PAUSE = { firstMs: 200, maxMs: 2_000 } as const;
/** A call gets so long, though the lease has less. */
const CALL_MIN_MS = 1_000;
/** For ending it after a renewal has failed for good: the failure is to be told soon. */
const FAREWELL_MS = 2_000;

type Keeper = Pick<BankContext, 'connect' | 'signal' | 'say'>;

/** Throws what a renewal has failed with. */
export async function keepLease(keeper: Keeper, leaseId: string, ttlMs: number): Promise<void> {
  const { connect, signal, say } = keeper;
  say('bulk mode is on; Ctrl-C ends it');
  try {
    await renewUntilStopped(keeper, leaseId, ttlMs);
  } catch (error) {
    if (!signal.aborted) {
      await endAtBest(keeper, leaseId);
      throw error;
    }
  }
  const { active } = await connect().endBulkMode({ leaseId }); // not by the signal: it is aborted
  say(endedLine(active));
}

async function renewUntilStopped(
  { connect, signal, say }: Keeper,
  leaseId: string,
  ttlMs: number,
): Promise<never> {
  let endsAtMs = performance.now() + ttlMs;
  const retriable = (error: unknown): boolean =>
    error instanceof BankError && isPassing(error) && performance.now() < endsAtMs;
  const onRetry = (error: unknown, attempt: number): void => {
    if (attempt > 1 || !(error instanceof BankError)) return;
    say(`the lease could not be renewed (${error.reason || error.code}): trying again`);
  };
  const attempts = Number.POSITIVE_INFINITY; // the lease's time ends them
  for (;;) {
    await sleep(ttlMs * RENEWED_PART, signal);
    await retryWithBackoff({ ...PAUSE, attempts, signal, retriable, onRetry }, async () => {
      const askedAtMs = performance.now();
      const leftMs = Math.max(CALL_MIN_MS, endsAtMs - askedAtMs);
      const deadlineMs = Math.min(CLIENT_DEFAULTS.unaryDeadlineMs, leftMs);
      const request = { leaseId, ttl: durationOf(ttlMs) };
      await connect().renewBulkMode(request, { signal, deadlineMs });
      endsAtMs = askedAtMs + ttlMs;
    });
  }
}

function isPassing({ mayRetry, code }: BankError): boolean {
  return mayRetry || code === 'DEADLINE_EXCEEDED';
}

/** Else it ends by itself. */
async function endAtBest({ connect, say }: Keeper, leaseId: string): Promise<void> {
  try {
    const { active } = await connect().endBulkMode({ leaseId }, { deadlineMs: FAREWELL_MS });
    say(endedLine(active));
  } catch {
    say('the lease could not be ended; it ends by itself');
  }
}

function endedLine(active: boolean): string {
  return active ? 'the lease has ended; others keep bulk mode on' : 'bulk mode has ended';
}

export function durationOf(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}
