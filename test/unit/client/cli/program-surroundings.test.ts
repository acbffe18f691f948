/** The program where its surroundings are poor: nobody reads what it tells, nobody has a home. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { configPath } from '#client/cli/config-file.ts';
import { EXIT_CODES } from '#client/cli/command-context.ts';

const ID = '5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40';
const PROGRAM = new URL('../../../../client/cli/main.ts', import.meta.url).pathname;

test('whose reader of errors has gone ends as it would have', async () => {
  const args = [PROGRAM, 'get', ID, '--query-address', '127.0.0.1:1', '--timeout', '1s'];
  const program = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  program.stderr.destroy();
  expect(await once(program, 'exit')).toEqual([EXIT_CODES.unreachable, null]);
});

test('without a home reads no file of the folder that it runs in', () => {
  expect(configPath({ HOME: '' })).toMatch(/^\/.*\/\.config\/banking-es\/config\.yaml$/);
  expect(configPath({ HOME: '/h' })).toBe('/h/.config/banking-es/config.yaml');
});

test.runIf(process.getuid?.() === 0)('of a user whom no file names goes on', async () => {
  const { HOME: _, BANK_CONFIG: __, ...env } = process.env;
  const program = spawn(process.execPath, [PROGRAM, 'version'], { env, uid: 54_321 });
  expect(await once(program, 'exit')).toEqual([EXIT_CODES.done, null]);
});
