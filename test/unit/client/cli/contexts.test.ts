/** Contexts: what counts before what, and the file that holds them. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { connectionSettings } from '#client/cli/connection-settings.ts';
import { runCli } from '#test/support/bank-cli.ts';

const OWNER_ONLY = 0o600;
const ID = '5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40';
let path: string;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'bank-contexts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  path = join(folder, 'below', 'config.yaml');
});
const bank = (...args: string[]) => runCli(args, { env: { BANK_CONFIG: path } });

test('flags count before the environment, that before the context, that before defaults', () => {
  const config = {
    current: 'prod',
    contexts: { prod: { command: 'a:1', query: 'a:2', projector: 'a:3', tls: true } },
  };
  const env = { BANK_COMMAND_ADDRESS: 'b:1', BANK_QUERY_ADDRESS: 'b:2' };
  const settings = connectionSettings({ commandAddress: 'c:1' }, env, config);
  expect(settings.addresses).toEqual({ command: ['c:1'], query: ['b:2'], projector: ['a:3'] });
  expect(settings.tls).toBe(true);
  expect(connectionSettings({}, {}, { contexts: {} })).toMatchObject({
    addresses: {
      command: ['localhost:50051'],
      query: ['localhost:50052'],
      projector: ['localhost:50053'],
    },
    tls: false,
    output: 'table',
  });
});

test('whoever says anything of TLS, or of the token, says all of it', () => {
  const contexts = { prod: { 'ca-file': '/ca', token: 'of the context' } };
  const config = { current: 'prod', contexts };
  expect(connectionSettings({}, {}, config)).toMatchObject({ tls: true, token: 'of the context' });
  expect(connectionSettings({ tls: false }, {}, config).tls).toBe(false);
  expect(connectionSettings({}, { BANK_CLIENT_TLS: 'off' }, config).tls).toBe(false);
  const byFile = connectionSettings({ tokenFile: '/t' }, {}, config);
  expect([byFile.token, byFile.tokenFile]).toEqual([undefined, '/t']);
  const named = connectionSettings(
    { context: 'other' },
    {},
    { ...config, contexts: { other: {} } },
  );
  expect(named.tls).toBe(false);
});

test('are set, listed, used, shown and deleted, in a file of their owner alone', async () => {
  await bank(
    'context',
    'set',
    'prod',
    '--command-address',
    'b:1',
    '--ca-file',
    'ca',
    '--token',
    'T',
  );
  expect(statSync(path).mode & 0o777).toBe(OWNER_ONLY);
  await bank('context', 'set', 'here', '--output', 'json');
  const shown = await bank('context', 'show');
  expect(shown.stdout).toBe(
    [
      `config     ${path}`,
      'context    prod',
      'command    b:1',
      'query      localhost:50052',
      'projector  localhost:50053',
      'tls        on',
      `ca-file    ${resolve('ca')}`,
      'token      (hidden)',
      'output     table\n',
    ].join('\n'),
  );
  await bank('context', 'use', 'here');
  expect((await bank('context', 'list')).stdout).toBe(
    '   NAME  COMMAND  QUERY  PROJECTOR\n   prod  b:1\n*  here\n',
  );
  await bank('context', 'set', 'prod', '--unset', 'token');
  expect(readFileSync(path, 'utf8')).not.toContain('token');
  await bank('context', 'delete', 'prod');
  expect((await bank('context', 'list', '-o', 'csv')).stdout).toBe(
    'name,current,command,query,projector\r\nhere,true,,,\r\n',
  );
  const gone = await bank('context', 'use', 'prod');
  expect(gone).toMatchObject({
    stderr: 'bank: There is no context "prod" (there are: here).\n',
    exitCode: 2,
  });
});

test('a token that others can read is warned of', async () => {
  await bank('context', 'set', 'prod', '--token', 'T');
  chmodSync(path, 0o640);
  const { stderr } = await bank('get', 'x'.repeat(36));
  expect(stderr).not.toContain('warning'); // nothing is used of it
  const used = await bank('get', ID, '--query-address', '127.0.0.1:1');
  expect(used.stderr).toContain(`warning: others can read ${path}, which has a token: chmod 600`);
});

test.each([
  ['contexts: [', 'is no YAML: '],
  ['contexts: {prod: {colour: red}}', 'contexts.prod: Unrecognized key: "colour"'],
  ['contexts: {prod: {output: xml}}', 'contexts.prod.output: Invalid option'],
])('a file that says %s is refused with the place', async (text, message) => {
  await bank('context', 'set', 'prod');
  writeFileSync(path, text);
  const { stderr, exitCode } = await bank('context', 'list');
  expect(stderr).toContain(`bank: ${path}: ${message}`);
  expect(exitCode).toBe(2);
});
