/**
 * Signing in and out, the only requests that are not reads: a token is pasted, kept in the person's
 * own browser as a cookie, and goes with each call from there on. Nothing is kept here. Forms that
 * another site sends are refused.
 */
import type { IncomingMessage } from 'node:http';
import { HTTP } from './config.ts';
import { html, type Html } from './html.ts';
import { pageFrame } from './page-frame.ts';
import { page, seeOther, text, type Reply } from './replies.ts';
import { cookieWith, pastedToken } from './request-token.ts';

/** A path of this service with its query, and nothing that a browser takes for another host. */
const OWN_PATH = /^\/(?![/\\])[A-Za-z0-9._~%/?&=+-]*$/;
const NOT_A_TOKEN = 'That is not a token: paste it as it was given to you, without line breaks.';

/** `next`: where the person wanted to go. `problem`: why this page is shown again. */
export function signInPage(next: string, problem = ''): Reply {
  const main = html`<form class="sign-in" method="post" action="/sign-in">
    ${problem !== '' && html`<p class="box fault" id="problem" role="alert">${problem}</p>`}
    <label for="token">Bearer token</label>
    <textarea
      id="token"
      name="token"
      rows="6"
      required
      spellcheck="false"
      autocomplete="off"
      aria-describedby="token-hint"
    ></textarea>
    <p class="hint" id="token-hint">
      The page shows what this token may read, and nothing else. It stays in this browser until you
      sign out or close it.
    </p>
    <input type="hidden" name="next" value="${ownPath(next)}" />
    <button type="submit">Sign in</button>
  </form>`;
  const headers = { 'www-authenticate': 'Bearer' };
  return page(frameOf(main), 401, headers);
}

function frameOf(main: Html): Html {
  return pageFrame({ title: 'Sign in', place: '', main, isBare: true });
}

/** POST /sign-in. */
export async function signIn(request: IncomingMessage): Promise<Reply> {
  if (!isOwnForm(request)) return text(403, 'This form came from another site.');
  const body = await readForm(request);
  if (body === undefined) return text(413, 'The form is too long.');
  const next = ownPath(body.get('next') ?? '');
  const token = pastedToken(body.get('token') ?? '');
  if (token === undefined) return signInPage(next, NOT_A_TOKEN);
  return seeOther(next, { 'set-cookie': cookieWith(request, token) });
}

/** POST /sign-out. */
export function signOut(request: IncomingMessage): Reply {
  if (!isOwnForm(request)) return text(403, 'This form came from another site.');
  return seeOther('/', { 'set-cookie': cookieWith(request, undefined) });
}

function ownPath(path: string): string {
  return OWN_PATH.test(path) ? path : '/';
}

/** By what browsers say of a form's site; who is no browser has no cookie to be misused. */
function isOwnForm({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const pieces: string[] = [];
  let characters = 0;
  request.setEncoding('utf8');
  const chunks: AsyncIterable<string> = request;
  for await (const piece of chunks) {
    characters += piece.length;
    if (characters > HTTP.bodyBytesMax) return undefined;
    pieces.push(piece);
  }
  return new URLSearchParams(pieces.join(''));
}
