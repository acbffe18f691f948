/** Where the keys of tokens are read from by https: who answers there is looked at, by TLS 1.3. */
import { createServer, type ServerOptions } from 'node:https';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readKeySet } from '#platform/key-source.ts';
import { portOf } from '#test/support/port-of.ts';
import { openTlsGround, type TlsGround } from '#test/support/tls-ground.ts';
import { newKey } from '#test/support/token-issuer.ts';

const TIMEOUT_MS = 5_000;
let ground: TlsGround;
let keys: string;
const closers: (() => void)[] = [];
beforeAll(async () => {
  ground = await openTlsGround();
  keys = JSON.stringify({ keys: [(await newKey('ES256')).jwk] });
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
afterAll(() => ground.close());

/** Answers the address, and what was asked for there. */
async function serve(options: ServerOptions): Promise<{ base: string; asked: string[] }> {
  const { certificate: cert, key } = ground.server;
  const asked: string[] = [];
  const server = createServer({ cert, key, ...options }, ({ url = '' }, response) => {
    asked.push(url);
    response.end(keys);
  }).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return { base: `https://127.0.0.1:${portOf(server)}/jwks?of=bank`, asked };
}

test('of an authority that the address names', async () => {
  const { base, asked } = await serve({});
  const { keys: read } = await readKeySet(`${base}&ca_file=${ground.tls.clientCaFile}`, TIMEOUT_MS);
  expect(JSON.stringify({ keys: read })).toBe(keys);
  expect(asked).toEqual(['/jwks?of=bank']);
  await expect(readKeySet(base, TIMEOUT_MS)).rejects.toThrow('unable to verify');
});

test('not by an older TLS', async () => {
  const { base, asked } = await serve({ maxVersion: 'TLSv1.2' });
  const reading = readKeySet(`${base}&ca_file=${ground.tls.clientCaFile}`, TIMEOUT_MS);
  await expect(reading).rejects.toThrow(/protocol version/);
  expect(asked).toEqual([]);
});
