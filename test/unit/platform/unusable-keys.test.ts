/**
 * A published key that is no key, or too short to be trusted: whoever names it is not let in, and
 * is told so as of any other token, and the other keys of the set go on.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { JWK } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { openAuthenticator, type Authenticator } from '#platform/authenticator.ts';
import { silentLogger } from '#platform/logger.ts';
import { openTokenIssuer } from '#test/support/token-issuer.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const KEYS: Record<string, JWK> = {
  'an RSA key of 1,024 bits': { ...RSA.publicKey.export({ format: 'jwk' }), alg: 'RS256' },
  'an Ed25519 key of two bytes': { kty: 'OKP', crv: 'Ed25519', x: 'AAA', alg: 'EdDSA' },
  'a point that is on no curve': { kty: 'EC', crv: 'P-256', x: 'AAA', y: 'AAA', alg: 'ES256' },
};

test.each(Object.entries(KEYS))('%s lets nobody in', async (_, key) => {
  const issuer = await openTokenIssuer();
  onTestFinished(() => issuer.stop());
  const authenticator = await trusting([{ ...key, kid: 'bad' }, issuer.key().jwk]);
  const good = await issuer.token();
  expect(await identify(authenticator, good)).toMatchObject({ subject: 'somebody' });
  const header = Buffer.from(JSON.stringify({ alg: key.alg, kid: 'bad' })).toString('base64url');
  const forged = [header, ...good.split('.').slice(1)].join('.');
  await expect(identify(authenticator, forged)).rejects.toMatchObject({
    code: status.UNAUTHENTICATED,
    reason: 'INVALID_TOKEN',
    message: 'the token is of a key that cannot be used',
  });
});

async function trusting(keys: readonly JWK[]): Promise<Authenticator> {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  const source = join(folder, 'jwks.json');
  await writeFile(source, JSON.stringify({ keys }));
  const { settings, stop } = await openTokenIssuer();
  const tokens = { ...settings, keys: { ...settings.keys, source } };
  const auth = { tokens, identitiesFile: undefined, openReflection: true };
  const authenticator = await openAuthenticator(auth, silentLogger);
  onTestFinished(async () => {
    authenticator.close();
    await stop();
    await rm(folder, { recursive: true });
  });
  return authenticator;
}

async function identify(authenticator: Authenticator, token: string): Promise<unknown> {
  return authenticator.identify({ authorization: [`Bearer ${token}`], certificate: undefined });
}
