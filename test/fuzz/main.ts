/**
 * `npm run test:fuzz -- --messages N --seed S`: test/e2e/fuzz.test.ts with so many messages a
 * method. Prints how each method answered; the exit code is the test's.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MESSAGES = { default: 1_000, max: 1_000_000 } as const;

const { messages, seed } = new Command('npm run test:fuzz --')
  .description('Generated messages against every method of the three services.')
  .option('--messages <n>', 'how many a method', messagesOf, MESSAGES.default)
  .option('--seed <s>', 'the seed that a run has printed', seedOf)
  .parse()
  .opts<{ messages: number; seed: number | undefined }>();

const test = spawn('vitest', ['run', '--project', 'e2e', 'test/e2e/fuzz.test.ts'], {
  cwd: ROOT,
  stdio: 'inherit',
  env: {
    ...process.env,
    BANK_FUZZ_MESSAGES: String(messages),
    ...(seed === undefined ? {} : { BANK_TEST_SEED: String(seed) }),
  },
});
test.on('error', (error) => {
  process.stderr.write(`vitest could not be started: ${error.message}\n`);
  process.exitCode = 1;
});
test.on('exit', (code) => {
  process.exitCode = code ?? 1;
});

function messagesOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= MESSAGES.max) return count;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${MESSAGES.max}`);
}

function seedOf(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError('must be a whole number of 0 or more');
}
