/**
 * What a caller is told whose token is not taken: why, and never anything of the token. Errors of
 * jose are told apart by their class.
 */
import { status } from '@grpc/grpc-js';
import { errors } from 'jose';
import { refusal, type RpcError } from './grpc-errors.ts';

const RETRY_AFTER_MS = 1_000;

export function invalidToken(why: string, cause?: unknown): RpcError {
  const options = cause === undefined ? {} : { cause };
  return refusal(status.UNAUTHENTICATED, 'INVALID_TOKEN', why, options);
}

export function noToken(): RpcError {
  return invalidToken('there is no token: the metadata "authorization" must be "Bearer <JWT>"');
}

/** The issuer has published one that is damaged, or too short. */
export function unusableKey(): RpcError {
  return invalidToken('the token is of a key that cannot be used');
}

/** Of a stream whose token passes: what it has sent is stored, and it may be resumed. */
export function tokenPassed(): RpcError {
  return invalidToken('the token or certificate has expired: go on with a new one');
}

/** Nothing can be said of any token. */
export function noKeys(): RpcError {
  const message = 'the keys by which tokens are checked cannot be read: nothing was done';
  const options = { retryAfterMs: RETRY_AFTER_MS };
  return refusal(status.UNAVAILABLE, 'KEYS_UNAVAILABLE', message, options);
}

/** `error`: what the check of a token has thrown; undefined: that is not the token's fault. */
export function tokenRefusal(error: unknown): RpcError | undefined {
  if (!(error instanceof errors.JOSEError)) return undefined;
  return invalidToken(whyOf(error));
}

function whyOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimFailed(error);
  if (error instanceof errors.JOSEAlgNotAllowed) return "the token's algorithm is not allowed";
  if (error instanceof errors.JWKSNoMatchingKey) return 'the token is of no known key';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'the token must name its key (kid)';
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return "the token's signature is not valid";
  }
  return 'the token is not a signed JWT that can be read';
}

const CLAIMS: Readonly<Record<string, string>> = {
  aud: 'the token is for another audience',
  iss: 'the token is of another issuer',
  nbf: 'the token is not valid yet',
  iat: 'the token is of the future',
};

function claimFailed({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `the token has no claim ${claim}`;
  return CLAIMS[claim] ?? `the token's claim ${claim} is not valid`;
}
