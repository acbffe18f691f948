/**
 * npm run demo: the whole way of a payroll on real parts, on this machine, with one command.
 * Prepares the files, starts the mesh, opens the accounts, streams the payroll, follows it to the
 * read side, reconciles, reports. Exit code 0 only when file, event store and projection agree and
 * every record came by Kafka. However it ends (also by Ctrl-C), everything that it started is
 * stopped.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readAccess } from '#client/bank-access.ts';
import { createBankClient } from '#client/bank-client.ts';
import { untilAborted } from '#platform/waiting.ts';
import { startMesh, type Mesh } from '../local/mesh.ts';
import { grpcurlFlags, operatorFiles } from '../local/secure-services.ts';
import { onStopSignal } from '../local/stop-signals.ts';
import { compareAnswers } from './compare-answers.ts';
import { expectPayroll, type Expectation } from './expectation.ts';
import { measureIdleLatency } from './idle-latency.ts';
import { parseOptions, type DemoOptions } from './options.ts';
import { preparePayroll, type PayrollInput } from './payroll-input.ts';
import { startProgressBar } from './progress-bar.ts';
import { reconcile } from './reconcile.ts';
import { listRejections } from './rejections.ts';
import { callLines, idleLines, reportLines, row } from './report.ts';
import { openAccounts, runPayroll, type PayrollRun, type RunContext } from './run-payroll.ts';
import { readStatement } from './statement.ts';

const FOLDER = fileURLToPath(new URL('../../.local/demo', import.meta.url));
const START_ADDRESSES = { command: '127.0.0.1:50051', query: '127.0.0.1:50052' };

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const startedMs = performance.now();
  const seconds = () => `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;
  const options = parseOptions(process.argv);
  const stopping = new AbortController();
  let starting: Promise<Mesh> | undefined;
  onStopSignal((reason, exitCode) => {
    say(`\nstopping (${reason})`);
    stopping.abort(new StoppedError(reason, exitCode));
  });
  try {
    for (const path of [options.file, options.accounts]) {
      if (path !== undefined) await requireFile(path);
    }
    starting = startMesh({
      dataFolder: FOLDER,
      secure: options.secure,
      signal: stopping.signal,
      progress: (part, text) => say(row(part, text)),
      onGivenUp: (error) => stopping.abort(error),
    });
    const serving = starting.then((mesh) => {
      say(row('mesh', `serves after ${seconds()}`));
      return mesh;
    });
    const preparing = prepare(options);
    preparing.catch((error: unknown) => stopping.abort(error));
    const [{ input, expected }, mesh] = await Promise.all([preparing, serving]);
    const agreed = await act(mesh, options, input, expected, stopping.signal);
    say(row('time', `${seconds()} in all`));
    if (options.stay) {
      say('\nCtrl-C stops it.');
      await untilAborted(stopping.signal);
    }
    return agreed ? 0 : 1;
  } catch (error) {
    const reason: unknown = stopping.signal.aborted ? stopping.signal.reason : error;
    if (reason instanceof StoppedError) return reason.exitCode;
    process.stderr.write(`${describe(reason)}\n`);
    return 1;
  } finally {
    await starting?.then(
      (mesh) => mesh.stop(),
      () => undefined, // it has stopped its parts itself
    );
  }
}

async function requireFile(path: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    throw new Error(`${path} cannot be read`, { cause: error });
  }
}

/** The file and what must become of it, while the mesh starts. */
async function prepare(
  options: DemoOptions,
): Promise<{ input: PayrollInput; expected: Expectation }> {
  const input = await preparePayroll(options, FOLDER);
  const expected = await expectPayroll(input.path, input.accounts);
  const counts = `${expected.items} items for ${input.accounts.length} accounts`;
  say(row('payroll', `${input.path}: ${counts}`));
  return { input, expected };
}

async function act(
  mesh: Mesh,
  options: DemoOptions,
  input: PayrollInput,
  expected: Expectation,
  signal: AbortSignal,
): Promise<boolean> {
  const files = operatorFiles(mesh.stack.ground);
  const client = createBankClient(mesh.addresses, readAccess(files));
  const context: RunContext = { client, signal, say };
  try {
    await openAccounts(context, input.accountsSubmissionId, input.accounts);
    const bar = startProgressBar(process.stdout, expected.accepted);
    const payroll = { ...input, messageItems: options.messageItems };
    const run = await runPayroll(context, payroll, bar.progress).finally(bar.close);
    if (options.beforeReport !== undefined) await runHook(options.beforeReport, mesh, signal);
    const agreed = await report(context, mesh, input, expected, run);
    if (options.idleLatency > 0) {
      const latency = await measureIdleLatency(client, options.idleLatency, signal);
      idleLines(latency, options.idleLatency).forEach(say);
    }
    const [command = '', query = ''] = [mesh.addresses.command[0], mesh.addresses.query[0]];
    if (options.secure && !options.stay) {
      say(
        '\nTo try: npm start -- --secure, which has a ledger of its own, and says how to call it',
      );
      return agreed;
    }
    const when = options.stay
      ? 'while it stays up'
      : 'after npm start, which has a ledger of its own';
    say(`\nTo try, ${when}:`);
    const addresses = options.stay ? { command, query } : START_ADDRESSES;
    callLines(addresses, grpcurlFlags(files)).forEach(say);
    return agreed;
  } finally {
    client.close();
  }
}

async function report(
  { client, signal }: RunContext,
  { stack }: Mesh,
  input: PayrollInput,
  expected: Expectation,
  run: PayrollRun,
): Promise<boolean> {
  const { submissionId } = input;
  const rejections = await listRejections(client, submissionId, signal);
  const [shown = '', account] =
    [...expected.accounts].toSorted(([, a], [, b]) => Number(b.version - a.version))[0] ?? [];
  const statement = await readStatement(client, shown, account?.version ?? 0n, signal);
  say(row('reconciling', 'file, event store and projection'));
  const stores = await reconcile(stack, submissionId, expected);
  const answers = compareAnswers(run, rejections, expected);
  const differences = [...answers, ...stores.differences];
  const reconciliation = { ...stores, differences };
  const { path } = input;
  reportLines({ path, run, expected, rejections, statement, reconciliation }).forEach(say);
  return differences.length === 0;
}

/**
 * Runs the shell command of --before-report with the addresses of the stores in its environment.
 */
async function runHook(command: string, { stack }: Mesh, signal: AbortSignal): Promise<void> {
  const env = {
    ...process.env,
    BANK_ADMIN_EVENT_STORE_URL: stack.eventStoreUrl,
    BANK_ADMIN_PROJECTION_STORE_URL: stack.projectionStoreUrl,
    BANK_KAFKA_BROKERS: stack.kafkaBrokers.join(','),
    BANK_REDIS_URL: stack.redisUrl,
  };
  const child = spawn(command, { shell: true, stdio: 'inherit', env, signal });
  const ended: unknown[] = await once(child, 'exit');
  if (ended[0] !== 0) throw new Error(`"${command}" ended with ${String(ended[0] ?? ended[1])}`);
}

class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly exitCode: number;

  constructor(reason: string, exitCode: number) {
    super(`stopped by ${reason}`);
    this.exitCode = exitCode;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n  because: ${describe(error.cause)}`;
  return `${error.message}${cause}`;
}

process.exit(await main());
