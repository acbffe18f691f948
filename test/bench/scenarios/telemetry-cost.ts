/**
 * What telemetry costs: CPU an item of command-svc and projector-svc together, with telemetry as it
 * is by default (traces and metrics sent, a tenth of the traces sampled, the page read) against
 * without. A pair of each is started, warmed up, and given the same load at the same time, so that
 * whatever else the machine does meets both; who is started first changes. CPU time and not the
 * rate: that is too noisy for a few hundredths.
 */
import { createBankClient } from '#client/bank-client.ts';
import { PARTITIONS } from '#deploy/local/mesh.ts';
import { freePort } from '#deploy/local/ports.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { uniformly } from '../account-ids.ts';
import { startReplica, type StartedReplica } from '../bank.ts';
import { runBulk, type BulkTimes } from '../bulk-run.ts';
import { CheckFailedError } from '../check-failed.ts';
import { depositMessages, repeated, type LoadMessage } from '../load-messages.ts';
import { RawClient } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { counterOn, startTelemetrySink, type TelemetrySink } from '../telemetry-sink.ts';

const SEED = 8;
/** Of plan.runs, without starting anew: a few hundredths need more samples than a rate. */
const ROUNDS_A_RUN = 3;
const US_PER_MS = 1_000;
const EVENTS = 'bank_projector_events_total';
const SIDES = ['on', 'off'] as const;

type Side = (typeof SIDES)[number];
type Replica = StartedReplica & { readonly page: string };
type Pair = { readonly command: Replica; readonly projector: Replica; readonly raw: RawClient };
type Pairs = Readonly<Record<Side, Pair>>;
type Loads = Readonly<Record<Side, readonly LoadMessage[]>>;

export const telemetryCost: Scenario = {
  name: 'telemetry',
  figures: ['telemetry.cpu_cost', 'telemetry.cpu_on_us', 'telemetry.cpu_off_us'],
  run: async (context) => {
    const { plan, measured } = context;
    const { command, projector } = measured.bank.mesh.services;
    const usual = [...command, ...projector];
    const sink = await startTelemetrySink();
    await Promise.all(usual.map((part) => part.stop()));
    try {
      for (let run = 0; run < plan.runs; run++) await oneRun(context, run, sink);
    } finally {
      sink.close();
      await Promise.all(usual.map((part) => part.start()));
    }
  },
};

async function oneRun(context: ScenarioContext, run: number, sink: TelemetrySink): Promise<void> {
  const { plan, measured, accounts, say } = context;
  const before = sink.bytes();
  const pairs = await startPairs(context, run, sink);
  const { command, projector } = pairs.on;
  const stopScraping = sink.scrape([command.page, projector.page]);
  const projectors = SIDES.map((side) => pairs[side].projector.address);
  const client = createBankClient({ ...measured.bank.mesh.addresses, projector: projectors });
  // Lanes of its own for each: neither waits for accounts or heads of the other, and none is pushed
  // to the slower path because the other was first.
  const loadOf = (side: number): LoadMessage[] => {
    const own = (side + run) % SIDES.length;
    const laneOf = (account: string): number => partitionOfAccount(account, PARTITIONS);
    const half = accounts.filter((account) => laneOf(account) % SIDES.length === own);
    return depositMessages(uniformly(half, SEED), plan.modeItems / 2, plan.messageItems);
  };
  const loads = { on: loadOf(0), off: loadOf(1) };
  try {
    await sideBySide(context, client.projector, pairs, loads, plan.warmUpItems / 2);
    for (let round = 0; round < ROUNDS_A_RUN; round++) {
      await measure(context, client.projector, pairs, loads);
    }
  } finally {
    stopScraping();
    client.close();
    for (const side of SIDES) pairs[side].raw.close();
    const parts = SIDES.flatMap((side) => [pairs[side].command.part, pairs[side].projector.part]);
    await Promise.all(parts.map((part) => part.stop()));
  }
  const { traces, metrics } = sink.bytes();
  say(`sent: ${traces - before.traces} bytes of traces, ${metrics - before.metrics} of metrics`);
  // A telemetry that nobody takes would cost nothing.
  if (metrics === before.metrics || stopScraping() === 0) {
    throw new CheckFailedError('telemetry was not taken');
  }
}

async function startPairs(
  { plan, measured }: ScenarioContext,
  run: number,
  { url }: TelemetrySink,
): Promise<Pairs> {
  const cached = { BANK_COMMAND_CACHED_ACCOUNTS_MAX: String(plan.cachedAccountsMax) };
  const start = async (side: Side, service: 'command' | 'projector'): Promise<Replica> => {
    const page = `127.0.0.1:${await freePort()}`;
    const taken = side === 'on';
    const env = {
      ...cached,
      BANK_METRICS_LISTEN: taken ? page : '',
      OTEL_EXPORTER_OTLP_ENDPOINT: taken ? url : '',
    };
    const index = SIDES.indexOf(side) + 1;
    return { ...(await startReplica(measured.bank, service, index, env)), page };
  };
  const startPair = async (side: Side): Promise<Pair> => {
    const command = await start(side, 'command');
    const projector = await start(side, 'projector');
    return { command, projector, raw: new RawClient(command.address) };
  };
  const early = run % 2 === 0 ? await startPair('on') : undefined;
  const off = await startPair('off');
  return { off, on: early ?? (await startPair('on')) };
}

type Projector = ReturnType<typeof createBankClient>['projector'];

/** What a side's processes spend on what they do themselves. */
async function measure(
  context: ScenarioContext,
  projector: Projector,
  pairs: Pairs,
  loads: Loads,
): Promise<void> {
  const { plan, samples, say } = context;
  const cpuMs = () =>
    SIDES.map((side) => [pairs[side].command.part.cpuMs(), pairs[side].projector.part.cpuMs()]);
  const events = (): Promise<number> => counterOn(pairs.on.projector.page, EVENTS);
  const eventsBefore = await events();
  const cpuBefore = cpuMs();
  const runs = await sideBySide(context, projector, pairs, loads, plan.modeItems / 2);
  const cpuAfter = cpuMs();
  const eventsOn = (await events()) - eventsBefore;
  const all = runs.reduce((sum, { items }) => sum + items, 0);
  const [on = 0, off = 0] = SIDES.map((side, n) => {
    const spent = (of: number): number => (cpuAfter[n]?.[of] ?? 0) - (cpuBefore[n]?.[of] ?? 0);
    const own = {
      stored: runs[n]?.items ?? 0,
      projected: side === 'on' ? eventsOn : all - eventsOn,
    };
    return (spent(0) / own.stored + spent(1) / own.projected) * US_PER_MS;
  });
  say(`${on.toFixed(2)} us an item with telemetry, ${off.toFixed(2)} without`);
  samples.add('telemetry.cpu_on_us', on);
  samples.add('telemetry.cpu_off_us', off);
  samples.add('telemetry.cpu_cost', on / off);
}

/** One stream to each; answers their times in the order of SIDES. */
async function sideBySide(
  { measured }: ScenarioContext,
  projector: Projector,
  pairs: Pairs,
  loads: Loads,
  itemsEach: number,
): Promise<BulkTimes[]> {
  return await measured.reconciled(async () => {
    const runs = await Promise.all(
      SIDES.map((side) =>
        runBulk(
          { command: pairs[side].raw, projector, signal: measured.bank.signal },
          {
            submissionId: measured.nextSubmissionId(`telemetry-${side}`),
            messages: repeated(loads[side], itemsEach),
          },
        ),
      ),
    );
    const items = runs.reduce((sum, run) => sum + run.items, 0);
    const amountMinor = runs.reduce((sum, run) => sum + run.amountMinor, 0n);
    return { result: runs, sent: { items, amountMinor }, submissions: runs };
  });
}
