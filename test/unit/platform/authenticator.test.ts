/** Who a client certificate is by the file of identities, and beside tokens. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAuthenticator, type Authenticator } from '#platform/authenticator.ts';
import { createLogger, silentLogger } from '#platform/logger.ts';
import { openTokenIssuer, type TokenIssuer } from '#test/support/token-issuer.ts';
import { until } from '#test/support/until.ts';

const PAYROLL = 'spiffe://bank.example/payroll';
const FILE = {
  identities: {
    [PAYROLL]: { tenant: 'acme', scopes: ['bulk.write'] },
    'ada.example': { subject: 'ada', tenant: 'acme', owner: 'ada', scopes: 'accounts.read' },
  },
};

let folder: string;
let issuer: TokenIssuer;
const opened: Authenticator[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'identities-'));
  issuer = await openTokenIssuer();
});
afterAll(async () => {
  for (const one of opened) one.close();
  await issuer.stop();
  await rm(folder, { recursive: true });
});

async function open(
  content: object | string,
  withTokens = false,
  log = silentLogger,
): Promise<Authenticator> {
  const path = join(folder, 'identities.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  const tokens = withTokens ? issuer.settings : undefined;
  const settings = { tokens, identitiesFile: path, openReflection: true };
  const authenticator = await openAuthenticator(settings, log);
  opened.push(authenticator);
  return authenticator;
}

const YEAR_3000_MS = Date.UTC(3000);
const shown = (uris: string[], dnsNames: string[] = [], validToMs = YEAR_3000_MS) => ({
  authorization: [],
  certificate: { uris, dnsNames, fingerprint256: '', validToMs },
});

test('a certificate is who the file says by one of its names', async () => {
  const authenticator = await open(FILE);
  const payroll = await authenticator.identify(shown(['spiffe://other/x', PAYROLL]));
  expect(payroll).toMatchObject({ subject: PAYROLL, tenant: 'acme', owner: undefined });
  expect(payroll.scopes).toEqual(new Set(['bulk.write']));
  const ada = await authenticator.identify(shown([], ['ada.example']));
  expect(ada).toMatchObject({ subject: 'ada', tenant: 'acme', owner: 'ada' });
  expect(() => authenticator.identify(shown([], [PAYROLL.slice(1)]))).toThrow('nobody known here');
  expect(() => authenticator.identify(shown(['__proto__', 'toString']))).toThrow('nobody known');
  expect(payroll.expiresAtMs).toBe(YEAR_3000_MS);
  expect(() => authenticator.identify(shown([PAYROLL], [], 1))).toThrow('has expired');
  const without = { authorization: ['Bearer a.b.c'], certificate: undefined };
  expect(() => authenticator.identify(without)).toThrow('there is no client certificate');
});

test('beside tokens: a token is never made good by a certificate', async () => {
  const authenticator = await open(FILE, true);
  const certificate = shown([PAYROLL]);
  expect(await authenticator.identify(certificate)).toMatchObject({ subject: PAYROLL });
  const authorization = [`Bearer ${await issuer.token({ sub: 'somebody' })}`];
  const both = { ...certificate, authorization };
  expect(await authenticator.identify(both)).toMatchObject({ subject: 'somebody', tenant: '' });
  const expired = [`Bearer ${await issuer.token({}, -1)}`];
  const wrong = authenticator.identify({ ...certificate, authorization: expired });
  await expect(wrong).rejects.toThrow('the token has expired');
  const nothing = { authorization: [], certificate: undefined };
  expect(() => authenticator.identify(nothing)).toThrow('there is no token');
});

test('the file is read anew; what cannot be read leaves what was', async () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = createLogger({ service: 'x', instance: 'x', level: 'info', write });
  const authenticator = await open(FILE, false, log);
  const path = join(folder, 'identities.json');
  await writeFile(path, '{"identities": ');
  await until('it is looked at', () => lines.some((line) => line.includes('cannot be read anew')));
  const { tenant } = await authenticator.identify(shown([PAYROLL]));
  expect(tenant).toBe('acme');
  await writeFile(path, JSON.stringify({ identities: { [PAYROLL]: { tenant: 'other' } } }));
  await until('it is read', () => lines.some((line) => line.includes('was read anew')));
  expect((await authenticator.identify(shown([PAYROLL]))).tenant).toBe('other');
});

test.each([
  ['{', 'it is no JSON'],
  ['{}', 'identities: '],
  ['{"identities": {"a": {"tenant": "no name"}}}', 'identities.a.tenant: must be at most 128'],
  ['{"identities": {"a": {"tenants": "x"}}}', 'Unrecognized key'],
  ['{"identities": {"a": {"owner": ""}}}', 'identities.a.owner: '],
])('a file that is wrong ends the start: %s', async (text, message) => {
  await expect(open(text)).rejects.toThrow(message);
});
