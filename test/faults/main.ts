/**
 * `npm run test:faults [-- --minutes N --seed S]`: the mesh under load, struck by faults, and a
 * judgement over everything that was acknowledged. A failure prints the seed, the strikes that were
 * made and the shortest part of the history that shows it. Exit code 1 when something does not
 * hold.
 */
import { fileURLToPath } from 'node:url';
import { errorText } from '#deploy/error-text.ts';
import { silent, progressLines } from '#deploy/local/progress.ts';
import { onStopSignal } from '#deploy/local/stop-signals.ts';
import { seededRandom } from '#test/support/random.ts';
import { shortestPart } from './history/history-part.ts';
import { openFaultyMesh } from './mesh/faulty-mesh.ts';
import { parseOptions } from './options.ts';
import { inVainLines, outcomeLines, recoveryLines } from './report.ts';
import { runFaults, type Run } from './run-faults.ts';
import { makeSchedule, strikeText, type Strike } from './schedule.ts';
import type { Struck } from './strikes.ts';

const FOLDER = fileURLToPath(new URL('../../.local/faults', import.meta.url));
/** More than any run has time for. */
const STRIKES_A_MINUTE = 30;
const PROBLEMS_SHOWN = 15;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const options = parseOptions(process.argv);
  const { seed, minutes, kinds } = options;
  const stopping = new AbortController();
  let stopCode = 0;
  onStopSignal((reason, exitCode) => {
    stopCode = exitCode;
    stopping.abort(new Error(`stopped by ${reason}`));
  });
  say(`seed ${seed}: faults for ${minutes} minutes`);
  const strikes = Math.ceil(minutes * STRIKES_A_MINUTE);
  const schedule = makeSchedule(seededRandom(seed), kinds, strikes);
  const struck: Struck[] = [];
  const progress = process.env['BANK_TEST_VERBOSE'] === '1' ? progressLines : silent;
  const { signal } = stopping;
  const mesh = await openFaultyMesh({ folder: FOLDER, seed, progress, signal });
  try {
    const run = await runFaults(mesh, options, schedule, struck, say, signal);
    tell(run);
    if (run.problems.length === 0) return 0;
    tellProblems(run, seed, schedule);
    return 1;
  } catch (error) {
    if (stopCode !== 0) return stopCode;
    say(`FAILED: ${errorText(error)}`);
    tellSchedule(seed, schedule, struck.length + 1);
    say(`logs: ${FOLDER}/logs`);
    return 1;
  } finally {
    await mesh.close();
  }
}

function tell({ history, struck, record, problems }: Run): void {
  say('');
  outcomeLines(history).forEach(say);
  say('');
  recoveryLines(struck).forEach(say);
  say('');
  inVainLines(record.inVain).forEach(say);
  const { events, submissions } = history;
  const acks = submissions.reduce((sum, one) => sum + one.acks.length, 0);
  say(`${events.length} events, ${acks} acknowledgements, ${problems.length} violations`);
}

function tellProblems(run: Run, seed: number, schedule: readonly Strike[]): void {
  const { problems, history, struck } = run;
  problems.slice(0, PROBLEMS_SHOWN).forEach((problem) => say(`VIOLATION: ${problem}`));
  const faults = struck.flatMap((one) => one.faults);
  const part = shortestPart(history, problems, faults);
  say(`\nthe shortest part of the history that shows one: ${part?.problem}`);
  part?.lines.forEach(say);
  tellSchedule(seed, schedule, struck.length);
}

function tellSchedule(seed: number, schedule: readonly Strike[], made: number): void {
  say(`\nseed ${seed}; its strikes, as far as they were made:`);
  schedule.slice(0, made).map(strikeText).forEach(say);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(1);
  },
);
