/** What a script takes the exit codes of the commands for: a mistyped call found nothing. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const STARTED_WITHIN_MS = 30_000;

function exitCodeOf(...args: string[]): number | null {
  return spawnSync(process.execPath, args, { timeout: STARTED_WITHIN_MS }).status;
}

test('a call with an unknown option is no finding, and no warning', () => {
  expect(exitCodeOf('deploy/reconcile.ts', '--bogus')).toBe(2);
  expect(exitCodeOf('deploy/ops/main.ts', 'status', '--bogus')).toBe(3);
});

test('help is no fault', () => {
  expect(exitCodeOf('deploy/reconcile.ts', '--help')).toBe(0);
  expect(exitCodeOf('deploy/ops/main.ts', 'status', '--help')).toBe(0);
});
