/** Set up in every e2e file: a test that fails prints the seeds that its file has used. */
import { afterEach } from 'vitest';
import { usedSeeds } from '#test/support/random.ts';

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  const seeds = usedSeeds().join(', ');
  process.stderr.write(`"${task.name}" failed; seeds so far (BANK_TEST_SEED): ${seeds}\n`);
});
