/** A service with wrong settings ends with a line for each that names its variable, no stack. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const STORES = {
  BANK_EVENT_STORE_URL: 'postgres://localhost/a',
  BANK_REDIS_URL: 'redis://localhost',
};
const WRONG: [service: string, variable: string, env: Record<string, string>][] = [
  ['command', 'BANK_EVENT_STORE_URL', {}],
  ['query', 'BANK_PROJECTION_STORE_URL', {}],
  ['projector', 'BANK_KAFKA_BROKERS', {}],
  ['console', 'BANK_CONSOLE_LISTEN', { BANK_CONSOLE_LISTEN: '0.0.0.0:1' }],
  ['command', 'BANK_COMMAND_LISTEN', { ...STORES, BANK_COMMAND_LISTEN: '0.0.0.0:1' }],
];

test.each(WRONG)('%s-svc with a wrong %s', (service, variable, env) => {
  const main = fileURLToPath(new URL(`../../${service}-svc/main.ts`, import.meta.url));
  const { PATH = '' } = process.env;
  const ended = spawnSync(process.execPath, [main], { env: { PATH, ...env }, encoding: 'utf8' });
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain(variable);
  expect(ended.stderr).not.toMatch(/^\s+at |node:/m);
  expect(ended.stdout).toBe('');
});
