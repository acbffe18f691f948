/** What the tools read of the environment to get into a bank. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { toolAccess } from '#deploy/tool-access.ts';
import { until } from '#test/support/until.ts';

const HERE = ['127.0.0.1:50051', '[::1]:50052', 'localhost:50053'];
const FAR = [...HERE, 'bank.example:50051'];

test('plaintext goes to this machine only, unless somebody says otherwise', () => {
  expect(toolAccess(HERE, {})).toEqual({ tls: undefined, token: undefined });
  const message = 'BANK_CLIENT_CA_FILE=(not set): plaintext is for this machine only';
  expect(() => toolAccess(FAR, {})).toThrow(message);
  expect(toolAccess(FAR, { BANK_PLAINTEXT: 'allowed' }).tls).toBeUndefined();
  expect(toolAccess(FAR, { BANK_CLIENT_TLS: 'on' }).tls).toEqual({});
});

test('an address that cannot be read is told as that, and not taken for another machine', () => {
  for (const malformed of ['127.0.0.1:50051,127.0.0.1:29592', 'localhost', '127.0.0.1:99999']) {
    expect(() => toolAccess([malformed], {})).toThrow(`"${malformed}" must be host:port`);
  }
  const byName = ['dns:///bank.example:50051'];
  expect(() => toolAccess(byName, {})).toThrow('plaintext is for this machine only');
  expect(toolAccess(byName, { BANK_CLIENT_TLS: 'on' }).tls).toEqual({});
});

test('files are read, the token again and again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bank-access-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const { tls, token } = toolAccess(FAR, {
    BANK_CLIENT_CA_FILE: write('ca', 'an authority'),
    BANK_CLIENT_CERT_FILE: write('cert', 'a certificate'),
    BANK_CLIENT_KEY_FILE: write('key', 'a key'),
    BANK_CLIENT_TOKEN_FILE: write('token', 'one\n'),
  });
  expect(Object.values(tls ?? {}).map(String)).toEqual(['an authority', 'a certificate', 'a key']);
  expect(token?.()).toBe('one');
  write('token', 'two\n');
  await until('it is read again', () => token?.() === 'two');
});
