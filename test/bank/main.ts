/**
 * `npm run test:bank -- --minutes N`: the bank test (test/e2e/bank.test.ts) for so long, with one
 * of two replicas killed (-9) every 20 s. Its last lines tell operations, faults and violations;
 * the exit code is the test's.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES_DEFAULT = 10;
const MINUTES_MAX = 240;

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (minutes > 0 && minutes <= MINUTES_MAX) return minutes;
  throw new InvalidArgumentError(`must be above 0, at most ${MINUTES_MAX}`);
}

const { minutes } = new Command('npm run test:bank --')
  .description('Random transfers on two replicas through kills, for as long as you say.')
  .option('--minutes <n>', 'how long', minutesOf, MINUTES_DEFAULT)
  .parse()
  .opts<{ minutes: number }>();

const test = spawn('vitest', ['run', '--project', 'e2e', 'test/e2e/bank.test.ts'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, BANK_TEST_MINUTES: String(minutes) },
});
test.on('error', (error) => {
  process.stderr.write(`vitest could not be started: ${error.message}\n`);
  process.exitCode = 1;
});
test.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
