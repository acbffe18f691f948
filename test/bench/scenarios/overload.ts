/**
 * More than the service can take: deposits at 0.5 to 4 times its capacity, each with a deadline,
 * and then half of it again. The capacity is lowered by configuration (batches of one command, one
 * account, 64 calls in hand), so that neither the machine nor the load generator is the limit.
 * Beyond its capacity the service refuses early, so that what it takes is answered in time.
 */
import { onOne } from '../account-ids.ts';
import { startReplica } from '../bank.ts';
import { runOpenLoad, type OpenLoadResult } from '../open-load.ts';
import { PATHS, RawClient } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { depositRequests, runUnary, sentDeposits } from '../unary-run.ts';

const FACTORS = [0.5, 1, 2, 3, 4] as const;
const DEADLINE_MS = 2_000;
const CALLERS = 32;
const P99 = 0.99;
const MIB = 1024 * 1024;

const LOW_CAPACITY = {
  BANK_COMMAND_BATCH_ITEMS_MAX: '1',
  BANK_COMMAND_BULK_BATCH_ITEMS_MAX: '1',
  BANK_SERVER_CALLS_MAX: '64',
};

export const overload: Scenario = {
  name: 'overload',
  figures: ['overload'],
  run: async (context) => {
    for (let run = 0; run < context.plan.runs; run++) await curve(context, run);
  },
};

async function curve(context: ScenarioContext, run: number): Promise<void> {
  const { plan, measured, samples, say } = context;
  const { part, address } = await startReplica(measured.bank, 'command', 1, LOW_CAPACITY);
  const client = new RawClient(address);
  const load = (perSecond: number): Promise<OpenLoadResult> => {
    return offer(context, client, run, perSecond, plan.overloadMs);
  };
  try {
    await capacityOf(context, client, run); // cold code
    const capacity = await capacityOf(context, client, run);
    say(`capacity ${Math.round(capacity)}/s with ${CALLERS} callers`);
    const goodputs = new Map<number, number>();
    for (const factor of FACTORS) {
      const result = await load(factor * capacity);
      goodputs.set(factor, result.goodputPerSecond);
      if (factor === 3) samples.add('overload.p99_at_3x_ms', result.latencies.percentile(P99));
      say(lineOf(`${factor}x`, factor * capacity, result, part.rssBytes()));
    }
    const peak = Math.max(capacity, ...goodputs.values());
    const over = (factor: number): number => (goodputs.get(factor) ?? 0) / peak;
    samples.add('overload.capacity_per_s', capacity);
    samples.add('overload.goodput_at_3x_over_peak', over(3));
    samples.add('overload.goodput_at_4x_over_peak', over(4));
    samples.add('overload.rss_max_mb', part.rssBytes() / MIB);
    const after = await load(0.5 * capacity);
    say(lineOf('0.5x again', 0.5 * capacity, after, part.rssBytes()));
    samples.add('overload.recovers_ms', after.lastRefusedMs);
  } finally {
    client.close();
    await part.stop();
  }
}

/** As fast as it answers. */
async function capacityOf(context: ScenarioContext, client: RawClient, run: number) {
  const requests = depositRequests(onOne(accountOf(context, run)), context.plan.overloadCalls);
  return context.measured.reconciled(async () => {
    const load = { path: PATHS.deposit, requests, inFlight: CALLERS };
    const { calls, perSecond } = await runUnary(client, load);
    return { result: perSecond, sent: sentDeposits(calls) };
  });
}

function offer(
  context: ScenarioContext,
  client: RawClient,
  run: number,
  perSecond: number,
  ms: number,
): Promise<OpenLoadResult> {
  const calls = Math.round((perSecond * ms) / 1000);
  const requests = depositRequests(onOne(accountOf(context, run)), calls);
  return context.measured.reconciled(async () => {
    const load = { path: PATHS.deposit, requests, perSecond, deadlineMs: DEADLINE_MS };
    const result = await runOpenLoad(client, load);
    return { result, sent: sentDeposits(result.answered + result.lost) };
  });
}

function accountOf({ accounts }: ScenarioContext, run: number): string {
  return accounts[run] ?? '';
}

function lineOf(name: string, offered: number, result: OpenLoadResult, rssBytes: number): string {
  const { goodputPerSecond, refused, lost, latencies } = result;
  const p99 = latencies.percentile(P99).toFixed(0);
  return (
    `${name}: offered ${Math.round(offered)}/s, goodput ${Math.round(goodputPerSecond)}/s, ` +
    `refused ${refused}, lost ${lost}, p99 ${p99} ms, RSS ${Math.round(rssBytes / MIB)} MB`
  );
}
