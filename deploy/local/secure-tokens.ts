/**
 * Who may call a secure mesh: an issuer of its own, whose public key the services read from a file,
 * and a token with every scope for the person who runs it. Both are made anew at each start, so
 * that a token of an earlier one counts no longer; the signing key is kept nowhere.
 */
import { writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { writeSecret } from './secret-file.ts';

const ALGORITHM = 'EdDSA';
const ISSUER = 'bank-local';
const AUDIENCE = 'banking-es';
const TOKEN_DAYS = '90d';
const SCOPES = 'accounts.read accounts.write bulk.write ops.read ops.write tenants.all';

export type TokenFiles = { readonly keysFile: string; readonly operatorFile: string };

/** `inside`: the path of a file of that name. */
export async function issueTokens(inside: (name: string) => string): Promise<TokenFiles> {
  const files = { keysFile: inside('jwks.json'), operatorFile: inside('operator.token') };
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM);
  const kid = crypto.randomUUID();
  const key = { ...(await exportJWK(publicKey)), kid, alg: ALGORITHM, use: 'sig' };
  writeFileSync(files.keysFile, `${JSON.stringify({ keys: [key] })}\n`);
  const token = await new SignJWT({ scope: SCOPES })
    .setProtectedHeader({ alg: ALGORITHM, kid })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('operator')
    .setIssuedAt()
    .setExpirationTime(TOKEN_DAYS)
    .sign(privateKey);
  writeSecret(files.operatorFile, token);
  return files;
}

/** For each service. */
export function tokenEnv({ keysFile }: TokenFiles): Record<string, string> {
  return {
    BANK_AUTH: 'jwt',
    BANK_AUTH_ISSUER: ISSUER,
    BANK_AUTH_AUDIENCE: AUDIENCE,
    BANK_AUTH_JWKS: keysFile,
  };
}
