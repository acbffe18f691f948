/**
 * How long a caller waits: for one deposit at idle (to its receipt; to its acknowledgement on an
 * open stream), at a steady 20,000/s, and for a unary deposit while a bulk stream runs at full
 * speed.
 */
import { sleep } from '#platform/waiting.ts';
import { createLatencies } from '#deploy/demo/latencies.ts';
import { uniformly } from '../account-ids.ts';
import { runBulk } from '../bulk-run.ts';
import { depositMessages, repeated, type LoadMessage } from '../load-messages.ts';
import { PATHS } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { depositRequests, runUnary, sentDeposits } from '../unary-run.ts';

const SEED = 2;
/** Messages of the steady load: one in 10 ms. */
const OFFERED_EVERY_MS = 10;
/** Unary callers beside the bulk stream, each with one call at a time. */
const CALLERS = 4;
/** So many times the idle calls are prepared; the bulk stream ends before they do. */
const UNARY_MAX = 200_000;
const MEDIAN = 0.5;
const P99 = 0.99;

export const latency: Scenario = {
  name: 'latency',
  figures: ['latency', 'bulk.acknowledged_p99_ms'],
  run: async (context) => {
    for (let run = 0; run < context.plan.runs; run++) {
      await idleStored(context);
      await idleAcknowledged(context);
      await steadyLoad(context);
      await unaryUnderBulk(context);
    }
  },
};

async function idleStored({ plan, measured, accounts, samples }: ScenarioContext): Promise<void> {
  const requests = depositRequests(uniformly(accounts, SEED), plan.idleCalls);
  const latencies = createLatencies();
  await measured.reconciled(async () => {
    const onAnswer = (ms: number) => latencies.add(ms, 1);
    const load = { path: PATHS.deposit, requests, inFlight: 1, onAnswer };
    const { calls } = await runUnary(measured.bank.command, load);
    return { result: undefined, sent: sentDeposits(calls) };
  });
  samples.add('latency.stored_p50_ms', latencies.percentile(MEDIAN));
}

/** On one open stream; each item is sent when the one before has been acknowledged. */
async function idleAcknowledged(context: ScenarioContext): Promise<void> {
  const { plan, measured, accounts, samples } = context;
  const messages = depositMessages(uniformly(accounts, SEED), plan.idleCalls, 1);
  const latencies = createLatencies();
  let arrived = Promise.withResolvers<void>();
  async function* oneByOne(): AsyncGenerator<LoadMessage, void, void> {
    for (const message of messages) {
      arrived = Promise.withResolvers<void>();
      const sentMs = performance.now();
      yield message;
      await arrived.promise;
      latencies.add(performance.now() - sentMs, 1);
    }
  }
  await measured.bulk('idle', oneByOne(), { onAcknowledged: () => arrived.resolve() });
  samples.add('latency.acknowledged_p50_ms', latencies.percentile(MEDIAN));
}

async function steadyLoad({ plan, measured, accounts, samples }: ScenarioContext): Promise<void> {
  const perMessage = Math.round((plan.offeredPerSecond * OFFERED_EVERY_MS) / 1000);
  const messages = depositMessages(uniformly(accounts, SEED), plan.offeredItems, perMessage);
  const times = await measured.bulk('steady', paced(messages, OFFERED_EVERY_MS));
  samples.add('bulk.acknowledged_p99_ms', times.latencies.percentile(P99));
}

/** A message that is late does not make the next ones late. */
async function* paced(
  messages: readonly LoadMessage[],
  everyMs: number,
): AsyncGenerator<LoadMessage, void, void> {
  const startedMs = performance.now();
  for (const [index, message] of messages.entries()) {
    const earlyMs = startedMs + index * everyMs - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    yield message;
  }
}

async function unaryUnderBulk(context: ScenarioContext): Promise<void> {
  const { plan, measured, accounts, samples, say } = context;
  const messages = depositMessages(uniformly(accounts, SEED), plan.bulkItems, plan.messageItems);
  const calls = Math.min(UNARY_MAX, plan.bulkItems);
  const requests = depositRequests(uniformly(accounts, SEED + 1), calls);
  const latencies = createLatencies();
  await measured.reconciled(async () => {
    const stored = new AbortController();
    const submissionId = measured.nextSubmissionId('under-bulk');
    const load = { submissionId, messages: repeated(messages, plan.bulkItems) };
    const bulk = runBulk(measured.targets, load).finally(() => stored.abort());
    const unary = runUnary(measured.bank.command, {
      path: PATHS.deposit,
      requests,
      inFlight: CALLERS,
      onAnswer: (ms) => latencies.add(ms, 1),
      signal: stored.signal,
    });
    const [times, single] = await Promise.all([bulk, unary]);
    const sentSingle = sentDeposits(single.calls);
    say(`${single.calls} unary deposits beside ${times.items} bulk items`);
    const sent = {
      items: times.items + sentSingle.items,
      amountMinor: times.amountMinor + sentSingle.amountMinor,
    };
    return { result: undefined, sent, submissions: [times] };
  });
  samples.add('latency.unary_p99_under_bulk_ms', latencies.percentile(P99));
}
