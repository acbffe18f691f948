/**
 * Calls of an HTTP service by its URL, against a server of Node's: name and password, TLS with an
 * authority and a certificate from files, and files that are replaced between two calls.
 */
import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '#deploy/local/certificate-authority.ts';
import { callHttp } from '#platform/http-call.ts';
import { portOf } from '#test/support/port-of.ts';
import { SERVER_NAMES, openTlsGround, type TlsGround } from '#test/support/tls-ground.ts';

let ground: TlsGround;
const closers: (() => void)[] = [];
beforeAll(async () => {
  ground = await openTlsGround();
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  ground.write({ pair: ground.server, ca: ground.authority.certificate });
});
afterAll(() => ground.close());

const request = () => ({ method: 'PUT', body: '{}', signal: AbortSignal.timeout(5_000) });

/** Tells what came: how, by whom, for what. */
const tellBack: RequestListener = (incoming, response) => {
  const peer = incoming.socket instanceof TLSSocket ? peerOf(incoming.socket) : '';
  const { authorization = '' } = incoming.headers;
  response.statusCode = 202;
  response.end(`${incoming.method} ${incoming.url} ${authorization} ${peer}`.trim());
};

test('name and password travel as basic authentication, and stand in no path', async () => {
  const server = createPlain(tellBack).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://us%40er:pa%3Ass@127.0.0.1:${portOf(server)}/`;
  const pair = Buffer.from('us@er:pa:ss').toString('base64');
  const answer = await callHttp(base, '/connectors/a?b=c', request());
  expect(answer).toEqual({ ok: true, status: 202, text: `PUT /connectors/a?b=c Basic ${pair}` });
});

test('what is sent goes nowhere else, whatever the answer says', async () => {
  const paths: string[] = [];
  const server = createPlain(({ url = '' }, response) => {
    paths.push(url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  }).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://127.0.0.1:${portOf(server)}`;
  await expect(callHttp(base, '/asked', request())).rejects.toThrow('fetch failed');
  expect(paths).toEqual(['/asked']);
});

test('TLS by files: authority and certificate, read anew at each call', async () => {
  const { caFile, certFile, keyFile } = files();
  const base = await serve({ requestCert: true, rejectUnauthorized: true });
  const query = `?ca_file=${caFile}&cert_file=${certFile}&key_file=${keyFile}`;
  expect((await callHttp(`${base}${query}`, '/a', request())).text).toBe('PUT /a  client');
  const other = await makeAuthority('authority');
  writeFileSync(caFile, other.certificate);
  await expect(callHttp(`${base}${query}`, '/a', request())).rejects.toThrow('fetch failed');
  writeFileSync(caFile, ground.authority.certificate);
  expect((await callHttp(`${base}${query}`, '/a', request())).ok).toBe(true);
  await expect(callHttp(`${base}?ca_file=${caFile}`, '/a', request())).rejects.toThrow(
    'fetch failed',
  );
});

test.each([
  ['an older version', { maxVersion: 'TLSv1.2' }, SERVER_NAMES],
  ['another name', {}, { commonName: 'x', dns: ['elsewhere'] }],
] as const)('a server of %s is not spoken to', async (_, options, names) => {
  const { certificate: cert, key } = await ground.authority.issue(names);
  const base = await serve({ ...options, cert, key });
  await expect(callHttp(`${base}?ca_file=${files().caFile}`, '/', request())).rejects.toThrow(
    'fetch failed',
  );
});

function files(): { caFile: string; certFile: string; keyFile: string } {
  const { certFile: server, clientCaFile: caFile = '' } = ground.tls;
  const [certFile, keyFile] = ['client.pem', 'client.key'].map((name) => join(server, '..', name));
  if (certFile === undefined || keyFile === undefined) throw new Error('there are two');
  writeFileSync(certFile, ground.client.certificate);
  writeFileSync(keyFile, ground.client.key);
  return { caFile, certFile, keyFile };
}

async function serve(options: ServerOptions): Promise<string> {
  const { certificate: cert, key } = ground.server;
  const ca = ground.authority.certificate;
  const server = createServer({ cert, key, ca, ...options }, tellBack).listen(0, '127.0.0.1');
  server.on('tlsClientError', (_, socket) => socket.destroy());
  closers.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `https://127.0.0.1:${portOf(server)}/`;
}

function peerOf(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate();
  return subject === undefined ? '' : String(subject.CN);
}
