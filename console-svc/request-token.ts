/**
 * Whose token a request carries: of an authenticating proxy in front, by the header Authorization,
 * which goes before all else; or of a person who has signed in here, by a cookie that no script can
 * read, that goes to this site only, and that ends with the browser. Nothing is verified: whoever
 * is asked with the token does that. What cannot be a token is none.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { TOKEN } from './config.ts';

export type RequestToken = {
  readonly token: string;
  /** The person may sign out here. */
  readonly isCookie: boolean;
};

const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i;
const CHARACTERS = /^[A-Za-z0-9._~+/=-]+$/;
const PLAIN_NAME = 'bank-token';
/** Browsers take this name over TLS only, from this host only. */
const SECURE_NAME = '__Host-bank-token';

export function tokenOf(request: IncomingMessage): RequestToken | undefined {
  const bearer = BEARER.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined && bearer.length <= TOKEN.headerMax) {
    return { token: bearer, isCookie: false };
  }
  const cookie = cookieOf(request, cookieName(request));
  return cookie === undefined ? undefined : { token: cookie, isCookie: true };
}

/** The token as a person has pasted it; undefined: it cannot be one, or a cookie cannot hold it. */
export function pastedToken(text: string): string | undefined {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  return CHARACTERS.test(token) && token.length <= TOKEN.cookieMax ? token : undefined;
}

/** Value of Set-Cookie; without a token it takes the cookie away. */
export function cookieWith(request: IncomingMessage, token: string | undefined): string {
  const secure = isSecure(request) ? '; Secure' : '';
  const age = token === undefined ? '; Max-Age=0' : '';
  const value = token ?? '';
  return `${cookieName(request)}=${value}${age}; Path=/; HttpOnly; SameSite=Strict${secure}`;
}

function cookieName(request: IncomingMessage): string {
  return isSecure(request) ? SECURE_NAME : PLAIN_NAME;
}

/** A proxy may say that the browser speaks TLS to it: who lies about it hurts himself only. */
function isSecure({ socket, headers }: IncomingMessage): boolean {
  return socket instanceof TLSSocket || headers['x-forwarded-proto'] === 'https';
}

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() !== name) continue;
    const value = pair.slice(at + 1).trim();
    return CHARACTERS.test(value) && value.length <= TOKEN.cookieMax ? value : undefined;
  }
  return undefined;
}
