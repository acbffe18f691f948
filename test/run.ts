/**
 * `npm test`: every step of test/steps.ts, each with its time and its limit, the later ones also
 * when an earlier one failed. The last line is `N passed, N failed` alone, counted from vitest's
 * own report plus one for each check; the exit code is 0 only when nothing failed. Ctrl-C ends the
 * step in hand and all that it started, then the run.
 *
 *     node test/run.ts [step ...]      names from the table; all of them when none is given
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { onStopSignal } from '#deploy/local/stop-signals.ts';
import { sleep } from '#platform/waiting.ts';
import { STEPS, type Step } from '#test/steps.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');
/** How long a step that was told to end may take over its clean-up. */
const END_GRACE_MS = 15_000;
const GROUP_POLL_MS = 50;

type Counts = { passed: number; failed: number };
type Ended = { code: number; seconds: number; timedOut: boolean };

const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  success: z.boolean(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

let running: ChildProcess | undefined;
let interrupted = false;

async function main(): Promise<void> {
  const steps = chosenSteps(process.argv.slice(2));
  onStopSignal(() => {
    interrupted = true;
    endGroup(running, 'SIGTERM');
  });
  const total: Counts = { passed: 0, failed: 0 };
  const lines: string[] = [];
  for (const step of steps) {
    if (interrupted) break;
    process.stdout.write(`\n== ${step.name}\n`);
    const { counts, ended } = await runStep(step);
    total.passed += counts.passed;
    total.failed += counts.failed;
    lines.push(stepLine(step, counts, ended));
  }
  process.stdout.write(`\n${lines.join('\n')}\n`);
  if (interrupted) process.stdout.write('interrupted\n');
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  process.exitCode = interrupted ? 130 : total.failed === 0 && total.passed > 0 ? 0 : 1;
}

function chosenSteps(names: string[]): readonly Step[] {
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    const known = STEPS.map((step) => step.name).join(', ');
    throw new Error(`no step named ${unknown.join(', ')}: there are ${known}`);
  }
  return names.length === 0 ? STEPS : STEPS.filter((step) => names.includes(step.name));
}

async function runStep(step: Step): Promise<{ counts: Counts; ended: Ended }> {
  if (step.kind === 'check') {
    const ended = await run(step.command, step.limitSeconds);
    const passed = ended.code === 0 && !ended.timedOut;
    return { counts: passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }, ended };
  }
  const folder = mkdtempSync(join(tmpdir(), 'bank-test-'));
  try {
    const file = join(folder, 'report.json');
    const ended = await run(
      [
        join(BIN, 'vitest'),
        'run',
        '--project',
        step.project,
        '--passWithNoTests',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
      ],
      step.limitSeconds,
    );
    return { counts: vitestCounts(file, ended), ended };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A run that failed without a failed test (a broken file, the set-up, the limit) counts as one
 * failure.
 */
function vitestCounts(file: string, ended: Ended): Counts {
  const report = readReport(file);
  if (report === undefined) return { passed: 0, failed: 1 };
  const broken = report.testResults.filter(
    (result) => result.status === 'failed' && result.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + broken;
  const clean = ended.code === 0 && !ended.timedOut && report.success;
  return { passed: report.numPassedTests, failed: clean ? failed : Math.max(failed, 1) };
}

function readReport(file: string): z.infer<typeof Report> | undefined {
  try {
    return Report.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    process.stdout.write(`no report of this step: ${String(error).slice(0, 200)}\n`);
    return undefined;
  }
}

/** Runs one command as a process group of its own, so that nothing of it outlives its limit. */
async function run(command: readonly string[], limitSeconds: number): Promise<Ended> {
  const [file = '', ...args] = command;
  const started = performance.now();
  const env = { ...process.env, PATH: `${BIN}:${process.env['PATH'] ?? ''}` };
  const child = spawn(file, args, { cwd: ROOT, env, stdio: 'inherit', detached: true });
  running = child;
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    endGroup(child, 'SIGTERM');
  }, limitSeconds * 1000);
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      process.stdout.write(`${file}: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  clearTimeout(limit);
  endGroup(child, 'SIGTERM');
  await groupEnded(child);
  running = undefined;
  return { code, seconds: (performance.now() - started) / 1000, timedOut };
}

function endGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined || !signalGroup(child.pid, signal)) return;
  const { pid } = child;
  setTimeout(() => signalGroup(pid, 'SIGKILL'), END_GRACE_MS).unref();
}

/** Some go on after SIGTERM (tsc ends its work first): they too are gone before this run is. */
async function groupEnded({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return;
  const endsAt = performance.now() + END_GRACE_MS;
  while (signalGroup(pid, 0)) {
    if (performance.now() > endsAt) return void signalGroup(pid, 'SIGKILL');
    await sleep(GROUP_POLL_MS);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false; // The group has ended, which is all that was asked for.
  }
}

function stepLine(step: Step, counts: Counts, ended: Ended): string {
  const time = `${ended.seconds.toFixed(1)} s of ${step.limitSeconds} s`;
  const verdict = ended.timedOut ? 'over its limit' : counts.failed > 0 ? 'FAILED' : 'ok';
  const tests = `${counts.passed} passed, ${counts.failed} failed`;
  return `${step.name.padEnd(16)} ${time.padEnd(18)} ${tests}  ${verdict}`;
}

await main();
