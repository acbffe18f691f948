/**
 * One call of an HTTP service by its base URL, which says all of how it is reached: http or https,
 * `ca_file`, `cert_file`, `key_file` in its query, and name and password before the host for basic
 * authentication. The answer comes whole; it is bounded in time by the caller's signal. Nobody is
 * sent on to another address: what is sent may be a secret, and the other may be plaintext.
 */
import { Agent, fetch } from 'undici';
import { takeTlsFiles } from './address-url.ts';

export type HttpRequest = {
  readonly method: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly signal: AbortSignal;
};

export type HttpAnswer = { readonly ok: boolean; readonly status: number; readonly text: string };

/** `path`: absolute, with its query. */
export async function callHttp(
  baseUrl: string,
  path: string,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const base = new URL(baseUrl);
  const tls = takeTlsFiles(base);
  const headers = { ...authorization(base), ...request.headers };
  // An agent a call: it is seldom called, and a renewed certificate counts at once.
  const agent = new Agent({ connect: { ...tls } });
  try {
    const url = new URL(path, base);
    const options = { ...request, headers, dispatcher: agent, redirect: 'error' } as const;
    const response = await fetch(url, options);
    return { ok: response.ok, status: response.status, text: await response.text() };
  } finally {
    await agent.destroy();
  }
}

/** Takes name and password out of the URL. */
function authorization(url: URL): Record<string, string> {
  const { username, password } = url;
  if (username === '' && password === '') return {};
  url.username = url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
