/**
 * The benchmark's command line. `npm run bench -- --help` prints this list.
 */
import { Command, Option } from 'commander';
import { matchingFigures } from './figures.ts';
import { FULL, QUICK, TINY, type Plan } from './plan.ts';

export type BenchOptions = {
  readonly plan: Plan;
  /** What the plan is called in the report. */
  readonly size: 'full' | 'quick' | 'tiny';
  readonly json?: string;
  readonly only?: string;
};

const DESCRIPTION = `Measures the whole mesh on a stack of its own, beside its peers on the same
machine, and reconciles every run. Exit code 1 when a run does not reconcile; a missed target is
said, and is not a failure.`;

type Parsed = { quick: boolean; tiny: boolean; json?: string; only?: string };

export function parseOptions(argv: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(DESCRIPTION)
    .option('--quick', 'every figure, one run each, a tenth of the sizes', false)
    .option('--json <file>', 'writes {"figures":[{name,unit,median,min,max,runs}]}')
    .option('--only <name>', 'one figure, or all below a part of the name (latency, memory)')
    .addOption(new Option('--tiny', 'seconds only, to see that it works').default(false))
    .parse(argv);
  const { quick, tiny, json, only } = command.opts<Parsed>();
  if (matchingFigures(only).length === 0) command.error(`no figure is called ${only}`);
  const size = tiny ? 'tiny' : quick ? 'quick' : 'full';
  const plan = { full: FULL, quick: QUICK, tiny: TINY }[size];
  return {
    plan,
    size,
    ...(json === undefined ? {} : { json }),
    ...(only === undefined ? {} : { only }),
  };
}
