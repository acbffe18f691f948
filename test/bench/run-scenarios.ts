/**
 * Runs the scenarios that the wanted figures need: the peers' best first, with the machine to
 * itself, then all scenarios that share a mesh, then those that want a fresh one. A scenario that
 * fails gives no figure, and the next one goes on.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '#deploy/error-text.ts';
import { SERVICES, type Service } from '#deploy/local/services.ts';
import { accountIds, uniformly } from './account-ids.ts';
import { openBank } from './bank.ts';
import { matchingFigures } from './figures.ts';
import { depositMessages, repeated } from './load-messages.ts';
import { machineText, measureMachine } from './machine.ts';
import { MeasuredBank } from './measured-bank.ts';
import type { BenchOptions } from './options.ts';
import { profileLines } from './profile-summary.ts';
import { startPeers, type Peers } from './peers/peers.ts';
import { Samples } from './samples.ts';
import { measures, type Scenario } from './scenario.ts';
import { bulkMode } from './scenarios/bulk-mode.ts';
import { bulkRates } from './scenarios/bulk-rates.ts';
import { coldAccounts } from './scenarios/cold-accounts.ts';
import { eventFeed } from './scenarios/event-feed.ts';
import { latency } from './scenarios/latency.ts';
import { longStream } from './scenarios/long-stream.ts';
import { overload } from './scenarios/overload.ts';
import { parallelBulk } from './scenarios/parallel-bulk.ts';
import { queries } from './scenarios/queries.ts';
import { rebuildBeside } from './scenarios/rebuild-beside.ts';
import { rebuild } from './scenarios/rebuild.ts';
import { storedBytes } from './scenarios/stored-bytes.ts';
import { telemetryCost } from './scenarios/telemetry-cost.ts';
import { transfers } from './scenarios/transfers.ts';
import { watchFanOut } from './scenarios/watch-fan-out.ts';

export const SCENARIOS: readonly Scenario[] = [
  bulkRates,
  storedBytes,
  queries,
  watchFanOut,
  latency,
  eventFeed,
  rebuild,
  transfers,
  parallelBulk,
  bulkMode,
  telemetryCost,
  overload,
  coldAccounts,
  longStream,
  rebuildBeside,
];

const SEED = 20_261_128;
/** Enough distinct items to warm up with. */
const WARM_UP_MESSAGES_MAX = 20;
const PROFILE_LINES = 15;

type Say = (line: string) => void;

/** Answers what failed, a line each. */
export async function runScenarios(
  options: BenchOptions,
  samples: Samples,
  say: Say,
  signal: AbortSignal,
): Promise<string[]> {
  const wanted = matchingFigures(options.only);
  const scenarios = SCENARIOS.filter((one) => wanted.some(({ name }) => measures(one, name)));
  const sharing = scenarios.filter((scenario) => scenario.ownMesh !== true);
  const meshes = [sharing, ...scenarios.filter(({ ownMesh }) => ownMesh).map((one) => [one])];
  const failures: string[] = [];
  const run = { options, samples, say, signal, failures };
  const needsPeers = scenarios.some((scenario) => scenario.needsPeers);
  if (needsPeers) say('peers alone: the best of each');
  const peers = needsPeers ? await startPeers(options.plan, say, signal) : undefined;
  try {
    for (const [index, together] of meshes.entries()) {
      if (together.length > 0) await runOnMesh(run, `mesh-${index}`, together, peers);
    }
  } catch (error) {
    failures.push(errorText(error));
  } finally {
    await peers?.stop();
  }
  return failures;
}

type Run = {
  readonly options: BenchOptions;
  readonly samples: Samples;
  readonly say: Say;
  readonly signal: AbortSignal;
  readonly failures: string[];
};

async function runOnMesh(
  run: Run,
  name: string,
  scenarios: readonly Scenario[],
  peers: Peers | undefined,
): Promise<void> {
  const { options, say, signal, failures } = run;
  const { plan } = options;
  const cached = { BANK_COMMAND_CACHED_ACCOUNTS_MAX: String(plan.cachedAccountsMax) };
  const env = {
    command: { ...cached, ...profileEnv(options, name, 'command') },
    query: profileEnv(options, name, 'query'),
    projector: profileEnv(options, name, 'projector'),
  };
  say('starting the mesh');
  const bank = await openBank(name, env, signal, (reason) => {
    failures.push(reason.message);
    say(`  ENDED: ${reason.message}`);
  });
  try {
    const measured = new MeasuredBank(bank);
    const accounts = accountIds(SEED, plan.warmAccounts);
    await measured.open(accounts, plan.messageItems);
    const items = Math.min(plan.warmUpItems, WARM_UP_MESSAGES_MAX * plan.messageItems);
    const messages = depositMessages(uniformly(accounts, SEED), items, plan.messageItems);
    await measured.bulk('warm-up', repeated(messages, plan.warmUpItems));
    for (const scenario of scenarios) await runOne(run, scenario, measured, accounts, peers);
  } finally {
    await bank.stop();
  }
  sayProfiles(run, name);
}

/** Node writes the profile when the service ends. */
function profileEnv(
  { profile }: BenchOptions,
  mesh: string,
  service: Service,
): Record<string, string> {
  if (profile === undefined) return {};
  const folder = join(profile, mesh, service);
  mkdirSync(folder, { recursive: true });
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}

function sayProfiles({ options, say }: Run, mesh: string): void {
  const { profile } = options;
  if (profile === undefined) return;
  for (const service of SERVICES) {
    say(`\n${service}, largest costs (part of its busy time; a profiled process is slower)`);
    profileLines(join(profile, mesh, service), PROFILE_LINES).forEach((line) => say(`  ${line}`));
  }
}

async function runOne(
  { options, samples, say, signal, failures }: Run,
  scenario: Scenario,
  measured: MeasuredBank,
  accounts: readonly string[],
  peers: Peers | undefined,
): Promise<void> {
  signal.throwIfAborted();
  const startedMs = performance.now();
  say(`\n${scenario.name} (${machineText(measureMachine())})`);
  const draft = new Samples();
  const { plan } = options;
  const indented: Say = (line) => say(`  ${line}`);
  try {
    await scenario.run({ plan, measured, accounts, peers, samples: draft, say: indented });
    samples.takeOver(draft);
  } catch (error) {
    signal.throwIfAborted();
    failures.push(`${scenario.name}: ${errorText(error)}`);
    say(`  FAILED: ${errorText(error)}`);
  }
  say(`  ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}
