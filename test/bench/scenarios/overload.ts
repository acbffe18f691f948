/**
 * More than the service can take: deposits at 0.5 to 4 times its capacity, each with a deadline,
 * and at once half of it again. The capacity is lowered by configuration, so that neither the
 * machine nor the load generator is the limit: one account, batches of few commands, and an event
 * store that takes long for each commit (slow-commits.ts). All else is as it is by default. Beyond
 * its capacity the service refuses early, so that what it takes is answered in time.
 */
import { onOne } from '../account-ids.ts';
import { startReplica, type StartedReplica } from '../bank.ts';
import { runOpenLoad, sendAgain } from '../open-load.ts';
import { curvePlot, curveTable, type CurvePoint } from '../overload-curve.ts';
import { PATHS, RawClient } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { COMMIT_MS, withSlowCommits } from '../slow-commits.ts';
import { depositRequests, runUnary, sentDeposits } from '../unary-run.ts';

/** 4 is followed by 0.5 at once. */
const ALONE = [0.5, 1, 1.5, 2, 3] as const;
const DEADLINE_MS = 2_000;
const BATCH_ITEMS = 8;
/** Enough for full batches. */
const CALLERS = 4 * BATCH_ITEMS;
const MEDIAN = 0.5;
const P99 = 0.99;
const MIB = 1024 * 1024;

const LOW_CAPACITY = {
  BANK_COMMAND_BATCH_ITEMS_MAX: String(BATCH_ITEMS),
  BANK_COMMAND_BULK_BATCH_ITEMS_MAX: String(BATCH_ITEMS),
};

export const overload: Scenario = {
  name: 'overload',
  figures: ['overload'],
  run: async (context) => {
    const { bank } = context.measured;
    for (let run = 0; run < context.plan.runs; run++) {
      await withSlowCommits(bank.stores, async () => {
        const replica = await startReplica(bank, 'command', 1, LOW_CAPACITY);
        const client = new RawClient(replica.address);
        try {
          await curve({ context, client, replica, account: context.accounts[run] ?? '' });
        } finally {
          client.close();
          await replica.part.stop();
        }
      });
    }
  },
};

type Step = { readonly name: string; readonly perSecond: number };

type Run = {
  readonly context: ScenarioContext;
  readonly client: RawClient;
  readonly replica: StartedReplica;
  readonly account: string;
};

async function curve(run: Run): Promise<void> {
  const { samples, say } = run.context;
  await capacityOf(run); // cold code
  const capacity = await capacityOf(run);
  say(`capacity ${Math.round(capacity)}/s: batches of ${BATCH_ITEMS}, ${COMMIT_MS} ms a commit`);
  const step = (factor: number): Step => ({ name: `${factor}x`, perSecond: factor * capacity });
  const points: CurvePoint[] = [];
  for (const factor of ALONE) points.push(...(await offer(run, [step(factor)])));
  points.push(...(await offer(run, [step(4), { ...step(0.5), name: '0.5x again' }])));
  for (const line of [...curveTable(points), ...curvePlot(points)]) say(line);
  const of = (name: string) => points.find((point) => point.name === name);
  const peak = Math.max(capacity, ...points.map(({ goodputPerSecond }) => goodputPerSecond));
  const overPeak = (name: string): number => (of(name)?.goodputPerSecond ?? 0) / peak;
  samples.add('overload.capacity_per_s', capacity);
  samples.add('overload.goodput_at_3x_over_peak', overPeak('3x'));
  samples.add('overload.goodput_at_4x_over_peak', overPeak('4x'));
  samples.add('overload.p99_at_3x_ms', of('3x')?.p99Ms ?? Number.NaN);
  samples.add('overload.rss_max_mb', Math.max(...points.map(({ rssMb }) => rssMb)));
  samples.add('overload.recovers_ms', of('0.5x again')?.lastRefusedMs ?? Number.NaN);
}

/** As fast as it answers. */
async function capacityOf({ context, client, account }: Run): Promise<number> {
  const requests = depositRequests(onOne(account), context.plan.overloadCalls);
  return context.measured.reconciled(async () => {
    const load = { path: PATHS.deposit, requests, inFlight: CALLERS };
    const { calls, perSecond } = await runUnary(client, load);
    return { result: perSecond, sent: sentDeposits(calls) };
  });
}

/** One load right after the other, whether the calls of the one are answered or not. */
async function offer(run: Run, steps: readonly Step[]): Promise<CurvePoint[]> {
  return run.context.measured.reconciled(async () => {
    const points: Promise<CurvePoint>[] = [];
    const lost: Buffer[] = [];
    for (const step of steps) {
      const { promise: sent, resolve: onSent } = Promise.withResolvers<void>();
      const point = offerOne(run, step, lost, onSent);
      points.push(point);
      await Promise.race([sent, point]);
    }
    const result = await Promise.all(points);
    await sendAgain(run.client, PATHS.deposit, lost);
    const stored = result.reduce((sum, { answered }) => sum + answered, lost.length);
    return { result, sent: sentDeposits(stored) };
  });
}

async function offerOne(
  run: Run,
  step: Step,
  allLost: Buffer[],
  onSent: () => void,
): Promise<CurvePoint> {
  const { context, client, replica, account } = run;
  const { name, perSecond } = step;
  const calls = Math.round((perSecond * context.plan.overloadMs) / 1000);
  const requests = depositRequests(onOne(account), calls);
  const used = usedBy(replica);
  let atTheEnd = used();
  const load = { path: PATHS.deposit, requests, perSecond, deadlineMs: DEADLINE_MS };
  const { latencies, refusals, lost, ...counts } = await runOpenLoad(client, load, () => {
    atTheEnd = used();
    onSent();
  });
  allLost.push(...lost);
  return {
    name,
    offeredPerSecond: perSecond,
    ...counts,
    lost: lost.length,
    p50Ms: latencies.percentile(MEDIAN),
    p99Ms: latencies.percentile(P99),
    refusedP99Ms: refusals.percentile(P99),
    ...atTheEnd,
  };
}

type Used = Pick<CurvePoint, 'rssMb' | 'serviceCores' | 'clientCores'>;

/** The replica's memory; cores used from here on, by the replica and by this process. */
function usedBy({ part }: StartedReplica): () => Used {
  const clientMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const before = { atMs: performance.now(), service: part.cpuMs(), client: clientMs() };
  return () => {
    const passedMs = performance.now() - before.atMs;
    return {
      rssMb: part.rssBytes() / MIB,
      serviceCores: (part.cpuMs() - before.service) / passedMs,
      clientCores: (clientMs() - before.client) / passedMs,
    };
  };
}
