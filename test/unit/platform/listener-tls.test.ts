/**
 * A listener with TLS, over real connections: who gets in and who does not, by which version, with
 * which identity; and what keeps it from starting.
 */
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Server, ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '#deploy/local/certificate-authority.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';
import { silentLogger } from '#platform/logger.ts';
import { http2ServersOf } from '#platform/http2-servers.ts';
import { alternativeNames, knowPeers, peerIdentityOf } from '#platform/peer-certificate.ts';
import { unimplemented } from '#platform/unimplemented.ts';
import { BulkModeServiceService as Service } from '#proto/bank/v1/bulk_mode_service.ts';
import { loadCredentials } from '#platform/server-credentials.ts';
import { counter } from '#platform/telemetry.ts';
import {
  GET,
  openCaller,
  openLimitedServer,
  type LimitedServer,
} from '#test/support/limited-server.ts';
import { CODE, FRAME, connectRaw } from '#test/support/raw-http2.ts';
import {
  CLIENT_NAMES,
  SERVER_NAMES,
  openTlsGround,
  type TlsGround,
} from '#test/support/tls-ground.ts';
import { shake } from '#test/support/tls-handshake.ts';
import { until } from '#test/support/until.ts';

const NOTHING = Buffer.alloc(0);
let ground: TlsGround;
const opened: { close(): unknown }[] = [];

beforeAll(async () => {
  ground = await openTlsGround();
});
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
  ground.write({ pair: ground.server, ca: ground.authority.certificate });
});
afterAll(() => ground.close());

async function serve(tls: Partial<ListenerTls> = {}): Promise<LimitedServer> {
  const server = await openLimitedServer(
    { pingGapMinMs: 60_000, pingStrikesMax: 2 },
    { tls: { ...ground.tls, ...tls } },
  );
  opened.push(server);
  return server;
}

const callAs = (server: LimitedServer, secured?: ChannelCredentials) =>
  server.connect({}, secured).call(GET, NOTHING, { options: { deadline: Date.now() + 5_000 } });

describe('who gets in', () => {
  test('a client with a certificate of the authority, and is known by its names', async () => {
    const server = await serve();
    expect((await callAs(server, ground.credentials())).code).toBe(status.OK);
    expect(server.peers).toEqual([
      {
        uris: CLIENT_NAMES.uri,
        dnsNames: CLIENT_NAMES.dns,
        fingerprint256: new X509Certificate(ground.client.certificate).fingerprint256,
        validToMs: new X509Certificate(ground.client.certificate).validToDate.getTime(),
      },
    ]);
  });

  test('an interceptor knows the peer of each call, by its connection', async () => {
    const seen: (readonly string[] | undefined)[] = [];
    const server = new Server({
      interceptors: [
        (_, call) => {
          seen.push(peerIdentityOf(call)?.uris);
          return new ServerInterceptingCall(call);
        },
      ],
    });
    opened.push({ close: () => server.forceShutdown() });
    server.addService(Service, unimplemented(Service, {}));
    const { credentials, close } = await loadCredentials(ground.tls, silentLogger);
    opened.push({ close });
    const port = await new Promise<number>((resolve) => {
      server.bindAsync('127.0.0.1:0', credentials, (_, bound) => resolve(bound));
    });
    http2ServersOf(server).forEach(knowPeers);
    const uri = ['spiffe://bank.test/other'];
    const other = await ground.authority.issue({ commonName: 'other', uri });
    const callers = [ground.credentials(), ground.credentials(other)].map((secured) =>
      openCaller(`127.0.0.1:${port}`, {}, secured),
    );
    opened.push(...callers);
    for (const caller of [...callers, ...callers]) {
      expect((await caller.call(GET, NOTHING)).code).toBe(status.UNIMPLEMENTED);
    }
    expect(seen).toEqual([CLIENT_NAMES.uri, uri, CLIENT_NAMES.uri, uri]);
  });

  test('nobody else: plaintext, no certificate, one of another authority', async () => {
    const server = await serve();
    const other = await makeAuthority('authority'); // the same name, another key
    const stranger = await other.issue(CLIENT_NAMES);
    const refused = counter('bank.server.refused', '', '1');
    const before = refused.total();
    for (const secured of [undefined, ground.credentials(null), ground.credentials(stranger)]) {
      expect((await callAs(server, secured)).code).toBe(status.UNAVAILABLE);
    }
    expect(server.peers).toEqual([]);
    expect(refused.total() - before).toBeGreaterThanOrEqual(3);
  });

  test('without a certificate where it is optional; a wrong one is refused even so', async () => {
    const server = await serve({ clientCertificateRequired: false });
    const stranger = await (await makeAuthority('authority')).issue(CLIENT_NAMES);
    expect((await callAs(server, ground.credentials(null))).code).toBe(status.OK);
    expect((await callAs(server, ground.credentials(stranger))).code).toBe(status.UNAVAILABLE);
    expect((await callAs(server, ground.credentials())).code).toBe(status.OK);
    expect(server.peers.map((peer) => peer?.uris)).toEqual([undefined, CLIENT_NAMES.uri]);
  });

  test('not by an older version, whatever a client asks for', async () => {
    const { address } = await serve();
    const old = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    expect(await shake(address, ground, old)).toMatch(/protocol version/i);
    expect(await shake(address, ground, { minVersion: 'TLSv1.2' })).toBe('TLSv1.3');
  });

  test('the client refuses a server of another name, and one of another authority', async () => {
    ground.write({ pair: await ground.authority.issue({ commonName: 'x', dns: ['elsewhere'] }) });
    const server = await serve();
    const answer = await callAs(server, ground.credentials());
    expect(answer.code).toBe(status.UNAVAILABLE);
    expect(answer.message).toContain('127.0.0.1 is not in the cert');
    const { certificate } = await makeAuthority('authority');
    const distrusting = await callAs(server, ground.credentials(ground.client, certificate));
    expect(distrusting.code).toBe(status.UNAVAILABLE);
    expect(server.peers).toEqual([]);
  });

  test('pings that come too often end the connection here, too', async () => {
    const { address } = await serve();
    const { certificate: cert, key } = ground.client;
    const raw = await connectRaw(address, { ca: ground.authority.certificate, cert, key });
    opened.push(raw);
    const answers = () => raw.frames.filter(({ type }) => type === FRAME.ping).length;
    for (let n = 1; n <= 3; n++) {
      raw.send(FRAME.ping, 0, 0, Buffer.from('12345678'));
      await until('it is answered', () => answers() === n);
    }
    raw.send(FRAME.ping, 0, 0, Buffer.from('12345678'));
    await raw.closed;
    expect(raw.goAwayCode()).toBe(CODE.enhanceYourCalm);
  });
});

describe('what cannot be used is told at the start', () => {
  test.each([
    ['no such file', 'BANK_TLS_KEY_FILE=/no/such: cannot be read', { keyFile: '/no/such' }, {}],
    ['no certificate', 'holds no certificate', {}, { certificate: 'nothing' }],
    ['a broken certificate', 'that cannot be read', {}, { certificate: broken() }],
    ['no key', 'BANK_TLS_KEY_FILE=', {}, { key: 'nothing' }],
    ['another key', 'is not the key of the certificate in', {}, { another: true }],
    ['an expired certificate', 'expired at', {}, { days: -1 }],
  ])('%s', async (_, message, tls: Partial<ListenerTls>, wrong: Wrong) => {
    const { authority } = ground;
    const pair = await authority.issue(SERVER_NAMES, wrong.days);
    const key = wrong.another ? (await authority.issue(SERVER_NAMES)).key : pair.key;
    ground.write({
      pair: { key: wrong.key ?? key, certificate: wrong.certificate ?? pair.certificate },
    });
    const loading = loadCredentials({ ...ground.tls, ...tls }, silentLogger);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toMatchObject({ name: 'ConfigError' });
  });

  test('authorities that are none', async () => {
    const { clientCaFile = '' } = ground.tls;
    writeFileSync(clientCaFile, 'nothing');
    const loading = loadCredentials(ground.tls, silentLogger);
    await expect(loading).rejects.toThrow('BANK_TLS_CLIENT_CA_FILE');
  });
});

test.each([
  ['URI:spiffe://a/b, DNS:c.example', ['URI spiffe://a/b', 'DNS c.example']],
  ['URI:"http://a/, DNS:evil", DNS:b', ['URI http://a/, DNS:evil', 'DNS b']],
  ['IP Address:127.0.0.1', ['IP Address 127.0.0.1']],
  ['DNS:a", DNS:b', []],
  ['', []],
])('names of %s', (text, names) => {
  expect(alternativeNames(text).map(({ type, value }) => `${type} ${value}`)).toEqual(names);
});

type Wrong = { certificate?: string; key?: string; another?: boolean; days?: number };

function broken(): string {
  return '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
}
