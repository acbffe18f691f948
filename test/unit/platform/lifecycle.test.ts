/** The life of a service's process, seen from outside: exit codes, order of closing, limits. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const CHILD = fileURLToPath(new URL('service-child.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(does: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [CHILD], {
    env: { ...process.env, SERVICE_DOES: does, ...env },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  children.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<{ code: number | null; said: string; ms: number }>((resolve) => {
    const from = performance.now();
    child.on('close', (code) => resolve({ code, said, ms: performance.now() - from }));
  });
  const says = async (text: string): Promise<void> => {
    while (!said.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended without saying ${text}: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { child, ended, says };
}

test('SIGTERM closes everything and exits 0', async () => {
  const { child, ended, says } = start('');
  await says('Serving.');
  child.kill('SIGTERM');
  const { code, said } = await ended;
  expect(said).toContain('Pool closed.');
  expect(code).toBe(0);
});

test('SIGINT during a start that waits ends it, without an error in the log', async () => {
  const { child, ended, says } = start('wait at start');
  await says('Starting.');
  child.kill('SIGINT');
  const { code, said } = await ended;
  expect(said).toContain('Pool closed.');
  expect(said).not.toContain('"level":"error"');
  expect(code).toBe(0);
});

test('what does not close in time is cut, with exit code 1', async () => {
  const { child, ended, says } = start('hang at close');
  await says('Serving.');
  const from = performance.now();
  child.kill('SIGTERM');
  const { code, said } = await ended;
  expect(code).toBe(1);
  expect(said).toContain('Could not close everything in time');
  expect(performance.now() - from).toBeLessThan(3000);
});

test('a second signal exits at once', async () => {
  const { child, ended, says } = start('hang at close');
  await says('Serving.');
  child.kill('SIGTERM');
  await says('is stopping');
  child.kill('SIGTERM');
  const { code, said } = await ended;
  expect(code).toBe(1);
  expect(said).not.toContain('Could not close everything in time');
});

test('a closer that fails does not keep the others from running', async () => {
  const { child, ended, says } = start('fail at close');
  await says('Serving.');
  child.kill('SIGTERM');
  const { code, said } = await ended;
  expect(said).toContain('Could not close bad.');
  expect(said).toContain('Pool closed.');
  expect(code).toBe(0);
});

test.each([
  ['throw at start', 'child could not start.', 'no such database'],
  ['fail', 'The consumer has crashed.', 'rebalance'],
  ['reject', 'Unhandled rejection.', 'nobody waits'],
  ['throw', 'Uncaught exception.', 'nobody catches'],
])(
  '%s: the reason is logged, things are closed, the exit code is 1',
  async (does, reason, cause) => {
    const { code, said } = await start(does).ended;
    expect(said).toContain(reason);
    expect(said).toContain(cause);
    expect(said).toContain('Pool closed.');
    expect(code).toBe(1);
  },
);

test('with BANK_EXIT_WITH_PARENT it ends when its stdin is closed', async () => {
  const { child, ended, says } = start('', { BANK_EXIT_WITH_PARENT: '1' });
  await says('Serving.');
  child.stdin?.destroy();
  const { code, said } = await ended;
  expect(said).toContain('the parent process is gone');
  expect(code).toBe(0);
});

test('the ready file says where it serves', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ready-'));
  const path = join(folder, 'ready.json');
  const { child, says } = start('', { BANK_READY_FILE: path });
  await says('Serving.');
  const expected = { service: 'child', address: '127.0.0.1:1', pid: child.pid };
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(expected);
  await rm(folder, { recursive: true });
});
