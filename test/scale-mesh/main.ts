/**
 * npm run scale:mesh: two of each service, three brokers and two Connect workers on this machine,
 * under a bulk load. In mid-stream a broker and the worker that runs the connector are killed, and
 * brought back later. Fails unless each deposit is acknowledged, and both stores agree to the cent.
 */
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { followAcknowledgements } from '#client/acknowledgements.ts';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { uploadAccounts, uploadDeposits } from '#client/bulk-upload.ts';
import { wholeSums } from '#client/cli/reconcile-report.ts';
import { followReconciliation } from '#client/reconciliation.ts';
import { followVerification } from '#client/verification.ts';
import { errorText } from '#deploy/error-text.ts';
import { startMesh, type Mesh } from '#deploy/local/mesh.ts';
import { silent } from '#deploy/local/progress.ts';
import { openAsOwner } from '#test/support/own-mesh.ts';
import type { Stores } from '#test/support/stored-rows.ts';
import { sampleLag, spanOf, type Span } from './lag-samples.ts';
import { CURRENCY, offeredLoad, type OfferedLoad } from './offered-load.ts';
import { killLeadingBroker, killRunningWorker } from './strikes.ts';

/** From the first deposit to the last acknowledgement; a lost one would be waited for for ever. */
const COMPLETE_MS = 30 * 60_000;
const FOLDER = fileURLToPath(new URL('../../.local/scale-mesh', import.meta.url));
const ACCOUNTS = 2_000;
const SEED = 17;
const DEPOSITS = 'deposits';
const COLUMNS = ['stored/s', 'projected/s', 'lag, items', 'from the outbox'] as const;

type Options = { readonly items: number; readonly rate: number };

async function main({ items, rate }: Options): Promise<void> {
  say(`load of this machine at the start: ${machineLoad()}`);
  const mesh = await startMesh({
    brokers: 3,
    connectWorkers: 2,
    replicas: { command: 2, query: 2, projector: 2 },
    dataFolder: FOLDER,
    progress: silent,
    env: {},
  });
  const client = createBankClient(mesh.addresses);
  const stores = openAsOwner(mesh.stack);
  try {
    const load = offeredLoad(ACCOUNTS, items, rate, SEED);
    await uploadAccounts(client.bulk, load.accounts, { submissionId: 'accounts' });
    await acknowledged(client, 'accounts');
    const told = await runUnderFaults({ mesh, client, stores }, load, { items, rate });
    await judge(client, { told, items, totalMinor: load.totalMinor });
    say(`load of this machine at the end: ${machineLoad()}`);
  } finally {
    client.close();
    await Promise.all([stores.eventStore.end(), stores.projectionStore.end()]);
    await mesh.stop();
  }
}

type Run = { readonly mesh: Mesh; readonly client: BankClient; readonly stores: Stores };

/** Answers how many deposits were acknowledged. */
async function runUnderFaults(
  { mesh, client, stores }: Run,
  load: OfferedLoad,
  { items, rate }: Options,
): Promise<bigint> {
  const sampling = await sampleLag(stores, DEPOSITS);
  const beganMs = performance.now();
  const upload = uploadDeposits(client.bulk, load.deposits, { submissionId: DEPOSITS });
  const complete = acknowledged(client, DEPOSITS);
  for (const one of [upload, complete]) one.catch(() => undefined);
  const untilStored = (part: number) =>
    Promise.race([sampling.until(({ stored }) => stored >= items * part), upload]);
  await untilStored(1 / 3);
  const broker = await killLeadingBroker(mesh.stack);
  const worker = await killRunningWorker(mesh.stack, stores);
  await untilStored(2 / 3);
  const backMs = performance.now();
  await Promise.all([broker.bringBack(), worker.bringBack()]);
  const { attempts } = await upload;
  const storedMs = performance.now();
  const told = await complete;
  const toldMs = performance.now();
  await sampling.until(({ projected }) => projected >= items);
  await sampling.stop();
  for (const { what, takeoverMs } of [broker, worker]) {
    say(`killed ${what}: taken over after ${seconds(takeoverMs)}`);
  }
  const spanBetween = (fromMs: number, toMs: number) => spanOf(sampling.samples, fromMs, toMs);
  sayTable([
    ['before', spanBetween(beganMs, broker.struckAtMs)],
    ['without them', spanBetween(broker.struckAtMs, backMs)],
    ['after', spanBetween(backMs, performance.now())],
  ]);
  say(
    `${items} deposits offered at ${rate}/s, stored in ${seconds(storedMs - beganMs)} over ` +
      `${attempts} streams, all ${told} acknowledged ${seconds(toldMs - storedMs)} after that`,
  );
  return told;
}

function sayTable(spans: readonly (readonly [string, Span])[]): void {
  say(`${''.padEnd(14)}${COLUMNS.map((name) => name.padStart(17)).join('')}`);
  for (const [name, span] of spans) {
    const figures = Object.values(span).map((figure) => Math.round(figure).toLocaleString('en'));
    say(`${name.padEnd(14)}${figures.map((figure) => figure.padStart(17)).join('')}`);
  }
}

function machineLoad(): string {
  return loadavg()
    .map((load) => load.toFixed(1))
    .join(' ');
}

/** Answers how many items were told as projected, when the stream says that it is complete. */
async function acknowledged({ projector }: BankClient, submissionId: string): Promise<bigint> {
  let told = 0n;
  const signal = AbortSignal.timeout(COMPLETE_MS);
  for await (const { progress } of followAcknowledgements(projector, { submissionId, signal })) {
    told = progress?.projectedTotal ?? told;
  }
  return told;
}

type Claim = { told: bigint; items: number; totalMinor: bigint };

async function judge(client: BankClient, { told, items, totalMinor }: Claim): Promise<void> {
  if (told !== BigInt(items)) throw new Error(`${told} of ${items} deposits were acknowledged`);
  let verified = -1n;
  for await (const { progress } of followVerification(client.eventLog)) {
    if (progress?.complete === true) verified = progress.findings;
  }
  for await (const { part } of followReconciliation(client.projector)) {
    if (part?.$case !== 'totals') continue;
    const { accounts, events, findings, eventSums, projectionSums } = part.value;
    const sums = [eventSums, projectionSums].map((parts) => wholeSums(parts).get(CURRENCY));
    say(
      `${accounts} accounts, ${events} events: ${findings} findings of the reconciliation, ` +
        `${verified} of the verification; by the file ${totalMinor}, the events ${sums[0]}, ` +
        `the projection ${sums[1]} minor units of ${CURRENCY}`,
    );
    const agrees = sums.every((sum) => sum === totalMinor);
    if (!agrees || findings !== 0n || verified !== 0n) throw new Error('the stores do not agree');
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('a whole number above 0');
}

const command = new Command('npm run scale:mesh --')
  .description('Three brokers, two Connect workers, two of each service; one of each is killed.')
  .option('--items <number>', 'deposits', count, 300_000)
  .option('--rate <number>', 'deposits offered a second', count, 5_000)
  .parse();

try {
  await main(command.opts<Options>());
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
