/**
 * Unary calls at a fixed rate, whether the ones before are answered or not: what an overload is.
 * Each has a deadline, as a caller would set it. Refused ones are not sent again (a caller that
 * honours RetryInfo would offer less): the load stays what it is said to be. Those of which nobody
 * knows what became of them are sent again when all is over, so that the run can be reconciled.
 */
import { status } from '@grpc/grpc-js';
import { callFault } from '#client/call-fault.ts';
import { createLatencies, type Latencies } from '#deploy/demo/latencies.ts';
import { sleep } from '#platform/waiting.ts';
import type { RawClient, UnaryPath } from './raw-client.ts';

export type OpenLoad = {
  readonly path: UnaryPath;
  readonly requests: readonly Buffer[];
  readonly perSecond: number;
  readonly deadlineMs: number;
};

export type OpenLoadResult = {
  /** Answered in time. */
  readonly answered: number;
  /** Refused with QUEUE_FULL and a time to come back. */
  readonly refused: number;
  /** Anything else: deadlines that passed, connections that broke. To be sent again. */
  readonly lost: readonly Buffer[];
  /** Of those that were answered in time, and of those that were refused. */
  readonly latencies: Latencies;
  readonly refusals: Latencies;
  /** Answered a second, from the first call sent to the last one sent. */
  readonly goodputPerSecond: number;
  /** When the last call was sent that was not answered; 0 when all were. */
  readonly lastRefusedMs: number;
};

const TICK_MS = 5;
const SEND_AGAIN_MS = 50;
const SENDING_MAX = 64;

/** `onSent`: when the last call was sent. */
export async function runOpenLoad(
  client: RawClient,
  load: OpenLoad,
  onSent: () => void = () => undefined,
): Promise<OpenLoadResult> {
  const latencies = createLatencies();
  const refusals = createLatencies();
  const lost: Buffer[] = [];
  const counts = { answered: 0, refused: 0, lastRefusedMs: 0 };
  const startedMs = performance.now();
  const callOnce = async (request: Buffer): Promise<void> => {
    const sentMs = performance.now();
    try {
      await client.unary(load.path, request, load.deadlineMs);
      counts.answered += 1;
      latencies.add(performance.now() - sentMs, 1);
    } catch (error) {
      counts.lastRefusedMs = Math.max(counts.lastRefusedMs, sentMs - startedMs);
      const { code, retryAfterMs } = callFault(error);
      if (code === status.RESOURCE_EXHAUSTED && retryAfterMs !== undefined) {
        counts.refused += 1;
        refusals.add(performance.now() - sentMs, 1);
      } else lost.push(request);
    }
  };
  const calls: Promise<void>[] = [];
  for (let next = 0; next < load.requests.length;) {
    const due = Math.ceil(((performance.now() - startedMs) / 1000) * load.perSecond);
    for (const request of load.requests.slice(next, due)) calls.push(callOnce(request));
    next = Math.max(next, due);
    await sleep(TICK_MS);
  }
  const sentMs = performance.now() - startedMs;
  onSent();
  await Promise.all(calls);
  const goodputPerSecond = (counts.answered * 1000) / sentMs;
  return { ...counts, lost, latencies, refusals, goodputPerSecond };
}

/** With its operation id each is done once, whatever had become of it. */
export async function sendAgain(
  client: RawClient,
  path: UnaryPath,
  lost: readonly Buffer[],
): Promise<void> {
  const left = lost.values();
  const oneAfterAnother = async (): Promise<void> => {
    for (const request of left) await untilAnswered(client, path, request);
  };
  await Promise.all(Array.from({ length: SENDING_MAX }, oneAfterAnother));
}

async function untilAnswered(client: RawClient, path: UnaryPath, request: Buffer): Promise<void> {
  for (;;) {
    try {
      await client.unary(path, request);
      return;
    } catch (error) {
      if (!callFault(error).mayRetry) throw error;
      await sleep(SEND_AGAIN_MS);
    }
  }
}
