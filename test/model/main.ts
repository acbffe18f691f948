/**
 * `npm run test:model -- --runs N --seed S --path P`: the model test
 * (test/integration/command/bank-model.test.ts) with so many runs. It tells what they have gone
 * through, and from 1,000 runs on fails when a branch of the model was not reached. With the seed
 * and path of a failed case it runs that one. The exit code is the test's.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUNS_DEFAULT = 1_000;
const RUNS_MAX = 1_000_000;
const SEED_MAX = 2 ** 31 - 1;

const upTo = (max: number) => (text: string) => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${max}`);
};

const { runs, seed, path } = new Command('npm run test:model --')
  .description('Random commands on two replicas, held against a model of the bank.')
  .option('--runs <n>', 'how many runs', upTo(RUNS_MAX), RUNS_DEFAULT)
  .option('--seed <n>', 'the first seed', upTo(SEED_MAX))
  .option('--path <path>', 'of a case that failed; with its seed')
  .parse()
  .opts<{ runs: number; seed?: number; path?: string }>();

const test = spawn(
  'vitest',
  ['run', '--project', 'integration', 'test/integration/command/bank-model.test.ts'],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      BANK_MODEL_RUNS: String(runs),
      ...(seed === undefined ? {} : { BANK_TEST_SEED: String(seed) }),
      ...(path === undefined ? {} : { BANK_MODEL_PATH: path }),
    },
  },
);
test.on('error', (error) => {
  process.stderr.write(`vitest could not be started: ${error.message}\n`);
  process.exitCode = 1;
});
test.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
