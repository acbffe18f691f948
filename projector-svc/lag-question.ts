/**
 * The consumer's lag, asked of Kafka, and what it means that there is no answer: Kafka is away when
 * no connection to it can be made or kept, and then nothing of the pipeline can be mended. Any
 * other failure (a coordinator that moves, an answer that takes too long) is of the question alone.
 */
import type { ConsumerLag } from '#platform/consumer-lag.ts';
import { sleep } from '#platform/waiting.ts';
import type { LagSeen } from './pipeline-look.ts';

export type AskLag = (onConnected: () => void) => Promise<ConsumerLag | undefined>;

/** Errors of kafkajs, by name. */
const NOT_CONNECTED = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSNoBrokerAvailableError',
]);

/** An answer that comes too late is none, and nothing waits for it: not the end either. */
export async function lagSeen(
  ask: AskLag,
  timeoutMs: number,
  stopping: AbortSignal,
): Promise<LagSeen> {
  const answered = new AbortController();
  const until = AbortSignal.any([stopping, answered.signal]);
  let isConnected = false;
  const withoutAnswer = (): LagSeen => (isConnected ? 'unknown' : 'unreachable');
  try {
    return await Promise.race([
      ask(() => (isConnected = true)).then((lag) => lag ?? 'no-topic'),
      sleep(timeoutMs, until).then(withoutAnswer),
    ]);
  } catch (error) {
    return isConnectionError(error) ? 'unreachable' : withoutAnswer();
  } finally {
    answered.abort();
  }
}

function isConnectionError(error: unknown): boolean {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    if (NOT_CONNECTED.has(e.name)) return true;
  }
  return false;
}
