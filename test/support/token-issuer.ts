/**
 * An issuer of tokens with keys of its own and an address where its public keys are: what a bank's
 * identity provider is for the services. Its keys may be changed, and its server stopped.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Metadata } from '@grpc/grpc-js';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { TokenSettings } from '#platform/auth-settings.ts';
import { portOf } from './port-of.ts';

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'banking-es';

export type Claims = { readonly [claim: string]: unknown };
export type Algorithm = 'EdDSA' | 'ES256' | 'RS256' | 'PS256';
type Key = { kid: string; alg: Algorithm; privateKey: CryptoKey; jwk: JWK };

export type TokenIssuer = {
  readonly jwksUrl: string;
  readonly settings: TokenSettings;
  /** A token of a minute, signed by the newest key. */
  token(claims?: Claims, seconds?: number): Promise<string>;
  /** Another key signs from now on; the former ones are published no longer. */
  rotate(alg?: Algorithm): Promise<void>;
  /** The key that signs now. */
  key(): Key;
  /** Times that the keys were asked for. */
  asked(): number;
  stop(): Promise<void>;
  startAgain(): Promise<void>;
};

export async function openTokenIssuer(alg: Algorithm = 'EdDSA'): Promise<TokenIssuer> {
  let asked = 0;
  let key = await newKey(alg);
  const server = createServer((_request, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [key.jwk] }));
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const port = portOf(server);
  const jwksUrl = `http://127.0.0.1:${port}/jwks.json`;
  const keys = { source: jwksUrl, refreshMs: 60_000, ageMaxMs: 3_600_000, timeoutMs: 2_000 };
  const names = { tenantClaim: 'tenant', ownerClaim: 'owner', scopeClaim: 'scope' };
  return {
    jwksUrl,
    settings: { issuer: ISSUER, audience: AUDIENCE, keys, clockLeewayMs: 0, ...names },
    token: (claims = {}, seconds = 60) => sign(key, claims, seconds),
    async rotate(next = alg) {
      key = await newKey(next);
    },
    key: () => key,
    asked: () => asked,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
    startAgain: () => listen(port),
  };
}

export async function newKey(alg: Algorithm): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = crypto.randomUUID();
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export function sign(key: Key, claims: Claims, seconds: number): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000);
  const usual = { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', iat: nowS, exp: nowS + seconds };
  const header = { alg: key.alg, kid: key.kid };
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader(header).sign(key.privateKey);
}

/** The metadata of a call with a token. */
export function bearing(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
