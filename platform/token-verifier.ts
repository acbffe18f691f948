/**
 * Who a JWT says that its bearer is: signed by a key of the issuer with an algorithm of a fixed
 * list (none and shared secrets are not on it), for this audience, in its time. What was checked
 * is remembered until it expires or the keys change, in a bounded cache, by the token's hash.
 */
import { hash } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { TokenSettings } from './auth-settings.ts';
import type { Identity } from './caller.ts';
import { IDENTITY_FIELDS } from './identity-fields.ts';
import type { KeySet, KnownKeys } from './key-set.ts';
import { invalidToken, noKeys, tokenRefusal, unusableKey } from './token-refusals.ts';

const ALGORITHMS: ('EdDSA' | 'ES256' | 'RS256' | 'PS256')[] = ['EdDSA', 'ES256', 'RS256', 'PS256'];
const REQUIRED_CLAIMS = ['exp', 'sub'];
const REMEMBERED_MAX = 10_000;

export type TokenVerifier = {
  /** At once for a token that is remembered. Throws an RpcError for one that is not taken. */
  verify(token: string): Identity | Promise<Identity>;
};

export function createTokenVerifier(settings: TokenSettings, keySet: KeySet): TokenVerifier {
  const remembered = new LRUCache<string, Identity & { generation: number }>({
    max: REMEMBERED_MAX,
  });
  const options = {
    algorithms: ALGORITHMS,
    issuer: settings.issuer,
    audience: settings.audience,
    clockTolerance: settings.clockLeewayMs / 1_000,
    requiredClaims: REQUIRED_CLAIMS,
  };
  const check = async (token: string, keys: KnownKeys): Promise<Identity> => {
    const { payload } = await jwtVerify(token, keys.pick, options).catch((error: unknown) => {
      if (error instanceof errors.JOSEError) throw error;
      // A published key that is no key, or too short: whoever names it is not let in.
      throw unusableKey();
    });
    return identityOf(payload, settings);
  };
  const checkAndRemember = async (token: string, key: string): Promise<Identity> => {
    const keys = keySet.current() ?? (await keysAnew(keySet));
    try {
      const identity = await check(token, keys);
      remembered.set(key, { ...identity, generation: keys.generation });
      return identity;
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const anew = await keysAnew(keySet);
      if (anew.generation === keys.generation) throw error;
      return check(token, anew);
    }
  };
  return {
    verify(token) {
      const key = hash('sha256', token, 'base64url');
      const known = remembered.get(key);
      if (known !== undefined && known.generation === keySet.current()?.generation) {
        if (Date.now() < (known.expiresAtMs ?? Infinity)) return known;
      }
      return checkAndRemember(token, key).catch((error: unknown) => {
        // The error of jose holds the token's claims: it is no cause, for causes are logged.
        throw tokenRefusal(error) ?? error;
      });
    },
  };
}

async function keysAnew(keySet: KeySet): Promise<KnownKeys> {
  await keySet.readAgain();
  const keys = keySet.current();
  if (keys === undefined) throw noKeys();
  return keys;
}

const CLAIMS = z.object({ ...IDENTITY_FIELDS, exp: z.number() });

function identityOf(payload: Record<string, unknown>, settings: TokenSettings): Identity {
  const names: Record<string, string> = {
    subject: 'sub',
    tenant: settings.tenantClaim,
    owner: settings.ownerClaim,
    scopes: settings.scopeClaim,
    exp: 'exp',
  };
  const given = Object.entries(names).map(([field, claim]) => [field, payload[claim]]);
  const claims = CLAIMS.safeParse(Object.fromEntries(given));
  if (!claims.success) {
    const field = String(claims.error.issues[0]?.path[0]);
    throw invalidToken(`the token's claim ${names[field] ?? field} is not valid`);
  }
  const { subject, tenant, owner, scopes, exp } = claims.data;
  const expiresAtMs = exp * 1_000 + settings.clockLeewayMs;
  return { subject, tenant, owner, scopes: new Set(scopes), expiresAtMs };
}
