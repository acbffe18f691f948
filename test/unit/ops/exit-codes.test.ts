/** What a script takes the exit codes of the commands for: a mistyped call found nothing. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const STARTED_WITHIN_MS = 30_000;

const NO_PROJECTOR = ['--projector', '127.0.0.1:4'];

function run(...args: string[]) {
  const options = { timeout: STARTED_WITHIN_MS, encoding: 'utf8' } as const;
  return spawnSync(process.execPath, args, options);
}

function exitCodeOf(...args: string[]): number | null {
  return run(...args).status;
}

test('a call with an unknown option is no finding, and no warning', () => {
  expect(exitCodeOf('deploy/reconcile.ts', '--bogus')).toBe(2);
  expect(exitCodeOf('deploy/ops/main.ts', 'status', '--bogus')).toBe(3);
});

test('status asks each of the addresses that commas divide', () => {
  const given = ['--command', '127.0.0.1:1,127.0.0.1:2', '--query', '127.0.0.1:3'];
  const { stdout, status } = run('deploy/ops/main.ts', 'status', ...given, ...NO_PROJECTOR);
  const asked = [...stdout.matchAll(/^command +(\S+)/gm)].map(([, address]) => address);
  expect({ asked, status }).toEqual({ asked: ['127.0.0.1:1', '127.0.0.1:2'], status: 2 });
});

test('help is no fault', () => {
  expect(exitCodeOf('deploy/reconcile.ts', '--help')).toBe(0);
  expect(exitCodeOf('deploy/ops/main.ts', 'status', '--help')).toBe(0);
});
