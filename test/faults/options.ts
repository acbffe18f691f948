/** The fault suite's command line. `npm run test:faults -- --help` prints this list. */
import { Command, InvalidArgumentError } from 'commander';
import { FAULT_KINDS } from './kinds/fault-kinds.ts';
import type { FaultKind } from './kinds/fault.ts';

export type FaultOptions = {
  readonly minutes: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  /** At the end the event store fails over to a copy that lags. */
  readonly failsOver: boolean;
};

const MINUTES_DEFAULT = 3;
const MINUTES_MAX = 240;
const SEED_MAX = 2 ** 31;

const DESCRIPTION = `The whole mesh under a mixed load of every command, struck by faults in an
order that the seed gives; then everything that was acknowledged is held against what is stored.
Exit code 1 when something does not hold.`;

export function parseOptions(argv: readonly string[]): FaultOptions {
  const parsed = new Command('npm run test:faults --')
    .description(DESCRIPTION)
    .option('--minutes <n>', 'how long faults strike', minutesOf, MINUTES_DEFAULT)
    .option('--seed <n>', 'of schedule and load; default: a new one', seedOf)
    .option('--only <kinds>', `some kinds, by comma: ${names(FAULT_KINDS)}`, kindsOf)
    .option('--failover', 'at the end the event store fails over to a copy that lags', false)
    .parse(argv)
    .opts<{ minutes: number; seed?: number; only?: FaultKind[]; failover: boolean }>();
  const { minutes, failover: failsOver } = parsed;
  const { seed = Date.now() % SEED_MAX, only: kinds = FAULT_KINDS } = parsed;
  return { minutes, seed, kinds, failsOver };
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (minutes > 0 && minutes <= MINUTES_MAX) return minutes;
  throw new InvalidArgumentError(`must be above 0, at most ${MINUTES_MAX}`);
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (Number.isInteger(seed) && seed >= 0 && seed < SEED_MAX) return seed;
  throw new InvalidArgumentError(`must be a whole number, 0 or more, below ${SEED_MAX}`);
}

function kindsOf(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((one) => one.name === name.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`${name} is none of ${names(FAULT_KINDS)}`);
  });
}

function names(kinds: readonly FaultKind[]): string {
  return kinds.map(({ name }) => name).join(', ');
}
