/**
 * npm run bench: the mesh and its peers measured side by side on this machine, on stacks of their
 * own, every run reconciled, with the load of the machine before and after. Exit code 1 when a run
 * did not reconcile or could not be made; its scenario then has no figure.
 */
import { writeFileSync } from 'node:fs';
import { errorText } from '#deploy/error-text.ts';
import { onStopSignal } from '#deploy/local/stop-signals.ts';
import { FIGURES, matchingFigures } from './figures.ts';
import { machineName, machineText, measureMachine } from './machine.ts';
import { parseOptions, type BenchOptions } from './options.ts';
import { reportJson, reportTable, shortcomings } from './report.ts';
import { runScenarios } from './run-scenarios.ts';
import { Samples } from './samples.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const options = parseOptions(process.argv);
  const stopping = new AbortController();
  let stopCode = 0;
  onStopSignal((reason, exitCode) => {
    say(`\nstopping (${reason})`);
    stopCode = exitCode;
    stopping.abort(new Error(`stopped by ${reason}`));
  });
  const startedMs = performance.now();
  say(`${machineName()}; ${options.size} run`);
  say(`before: ${machineText(measureMachine())}`);
  const samples = new Samples();
  const failures = await runScenarios(options, samples, say, stopping.signal);
  say(`after: ${machineText(measureMachine())}`);
  if (stopCode !== 0) return stopCode;
  report(options, samples);
  for (const failure of failures) say(`FAILED: ${failure}`);
  say(`${((performance.now() - startedMs) / 60_000).toFixed(1)} minutes in all`);
  return failures.length === 0 ? 0 : 1;
}

function report({ json, only }: BenchOptions, samples: Samples): void {
  const wanted = matchingFigures(only);
  const figures = samples.figures(wanted);
  const beside = samples.figures(FIGURES.filter((figure) => !wanted.includes(figure)));
  say('');
  reportTable(figures).forEach(say);
  if (beside.length > 0) {
    say('\nmeasured beside it:');
    reportTable(beside).forEach(say);
  }
  say('');
  shortcomings(wanted, figures).forEach(say);
  if (json !== undefined) writeFileSync(json, reportJson(figures));
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(1);
  },
);
