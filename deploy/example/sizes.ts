/** How much the example does; `npm run example:bulk -- --help` prints this list. */
import { Command, InvalidArgumentError } from 'commander';

export type ExampleSizes = {
  readonly accounts: number;
  readonly deposits: number;
  /** Deposits that are sent one call each: they take their time. */
  readonly calls: number;
  /** Operations of the transactional batch. */
  readonly atomic: number;
};

const ACCOUNTS_MAX = 1_000_000;
const DEPOSITS_MAX = 2_000_000;
const BATCH_MAX = 4_000;

export function parseSizes(argv: readonly string[]): ExampleSizes {
  return new Command('npm run example:bulk --')
    .option('--accounts <n>', 'accounts to open', whole(ACCOUNTS_MAX), 10_000)
    .option('--deposits <n>', 'deposits, each way', whole(DEPOSITS_MAX), 200_000)
    .option('--calls <n>', 'deposits with a call each', whole(DEPOSITS_MAX), 5_000)
    .option('--atomic <n>', 'operations of the transactional batch', whole(BATCH_MAX), 100)
    .parse(argv)
    .opts<ExampleSizes>();
}

function whole(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new InvalidArgumentError(`must be a whole number from 1 to ${max}`);
  };
}
