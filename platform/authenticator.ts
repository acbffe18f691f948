/**
 * Makes of what a call brings who calls: its token, or its client certificate, as the settings say.
 * Where both count, a call with a token is judged by the token alone, and one without by its
 * certificate: a wrong token is never made good by a certificate.
 */
import type { AuthSettings } from './auth-settings.ts';
import type { Identity } from './caller.ts';
import { openKeySet } from './key-set.ts';
import type { Logger } from './logger.ts';
import type { PeerIdentity } from './peer-certificate.ts';
import { openPeerIdentities, type PeerIdentities } from './peer-identities.ts';
import { invalidToken, noToken } from './token-refusals.ts';
import { createTokenVerifier, type TokenVerifier } from './token-verifier.ts';

export type Offered = {
  /** Of the metadata `authorization`, as often as it was given. */
  readonly authorization: readonly (string | Buffer)[];
  readonly certificate: PeerIdentity | undefined;
};

export type Authenticator = {
  /** At once where it can be. Throws an RpcError for whom it does not know. */
  identify(offered: Offered): Identity | Promise<Identity>;
  close(): void;
};

export async function openAuthenticator(
  { tokens, identitiesFile }: AuthSettings,
  log: Logger,
): Promise<Authenticator> {
  const identities =
    identitiesFile === undefined ? undefined : await openPeerIdentities(identitiesFile, log);
  const keys = tokens === undefined ? undefined : openKeySet(tokens.keys, log);
  const verifier =
    tokens === undefined || keys === undefined ? undefined : createTokenVerifier(tokens, keys);
  return {
    identify: (offered) => identify(offered, verifier, identities),
    close() {
      keys?.close();
      identities?.close();
    },
  };
}

function identify(
  { authorization, certificate }: Offered,
  verifier: TokenVerifier | undefined,
  identities: PeerIdentities | undefined,
): Identity | Promise<Identity> {
  if (verifier !== undefined && (authorization.length > 0 || identities === undefined)) {
    return verifier.verify(bearerOf(authorization));
  }
  if (certificate === undefined) throw noCertificate(verifier !== undefined);
  const identity = identities?.find(certificate);
  if (identity === undefined) throw invalidToken('the client certificate is of nobody known here');
  // It was valid when its connection began.
  const { validToMs: expiresAtMs } = certificate;
  if (Date.now() >= expiresAtMs) throw invalidToken('the client certificate has expired');
  return { ...identity, expiresAtMs };
}

function noCertificate(takesTokens: boolean): Error {
  return takesTokens
    ? noToken()
    : invalidToken('there is no client certificate that this service accepts');
}

/** As RFC 6750 has it; the scheme in whatever case. */
const BEARER = /^bearer +([A-Za-z0-9._~+/=-]+)$/i;

function bearerOf(authorization: Offered['authorization']): string {
  const [first, second] = authorization;
  if (first === undefined) throw noToken();
  if (second !== undefined) throw invalidToken('the metadata "authorization" is given twice');
  const token = BEARER.exec(String(first))?.[1];
  if (token === undefined) throw invalidToken('authorization: must be "Bearer <JWT>"');
  return token;
}
