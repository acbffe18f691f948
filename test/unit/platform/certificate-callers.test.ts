/** Who a client certificate is, over real TLS connections, and beside a token. */
import { writeFileSync } from 'node:fs';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { KeyPair } from '#deploy/local/certificate-authority.ts';
import { NO_AUTH, type AuthSettings } from '#platform/auth-settings.ts';
import { GET, openLimitedServer, START, type LimitedServer } from '#test/support/limited-server.ts';
import { CLIENT_NAMES, openTlsGround, type TlsGround } from '#test/support/tls-ground.ts';
import { bearing, openTokenIssuer, type TokenIssuer } from '#test/support/token-issuer.ts';
import { COMMAND_SCOPES } from '../../../command-svc/call-scopes.ts';

const NOT_TAKEN = { code: status.UNAUTHENTICATED, reason: 'INVALID_TOKEN' };

let ground: TlsGround;
let issuer: TokenIssuer;
let identitiesFile: string;
let server: LimitedServer;

beforeAll(async () => {
  [ground, issuer] = await Promise.all([openTlsGround(), openTokenIssuer()]);
  identitiesFile = `${ground.tls.certFile}.identities.json`;
  const [uri = ''] = CLIENT_NAMES.uri;
  const payroll = { subject: 'payroll', tenant: 'acme', scopes: ['bulk.write'] };
  writeFileSync(identitiesFile, JSON.stringify({ identities: { [uri]: payroll } }));
  return async () => {
    ground.close();
    await issuer.stop();
  };
});
afterEach(() => server.close());

async function serve(more: Partial<AuthSettings> = {}): Promise<void> {
  const auth = { ...NO_AUTH, identitiesFile, ...more };
  server = await openLimitedServer(
    {},
    { tls: ground.tls, access: { auth, scopes: COMMAND_SCOPES } },
  );
}

function start(shown: KeyPair, metadata = new Metadata()) {
  const caller = server.connect({}, ground.credentials(shown));
  return caller.call(START, { reason: '0' }, { metadata });
}

test('says who calls, and what it may do', async () => {
  await serve();
  expect(await start(ground.client)).toMatchObject({ code: status.OK });
  const { tenant, subject } = server.handled[0]?.caller ?? {};
  expect({ tenant, subject }).toEqual({ tenant: 'acme', subject: 'payroll' });
  const reading = server.connect({}, ground.credentials(ground.client));
  const lacks = { code: status.PERMISSION_DENIED, reason: 'MISSING_SCOPE' };
  expect(await reading.call(GET, Buffer.alloc(0))).toMatchObject(lacks);
});

test('is of nobody when the file does not name it, whatever its common name', async () => {
  await serve();
  const uri = ['spiffe://bank.test/stranger'];
  const stranger = await ground.authority.issue({ commonName: 'payroll', uri });
  expect(await start(stranger)).toMatchObject(NOT_TAKEN);
  expect(server.handled).toEqual([]);
});

test('does not make a wrong token good, and a token counts before it', async () => {
  await serve({ tokens: issuer.settings });
  const claims = { sub: 'ada', tenant: 'acme', scope: 'bulk.write' };
  const expired = bearing(await issuer.token(claims, -60));
  expect(await start(ground.client, expired)).toMatchObject(NOT_TAKEN);
  const token = bearing(await issuer.token(claims));
  expect(await start(ground.client, token)).toMatchObject({ code: status.OK });
  expect(await start(ground.client)).toMatchObject({ code: status.OK });
  expect(server.handled.map(({ caller }) => caller.subject)).toEqual(['ada', 'payroll']);
});
