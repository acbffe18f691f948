/**
 * Answers of the service over HTTP. Each one forbids what its pages do not need: scripts and styles
 * of elsewhere or within the page, frames, other sites' requests, caches of what is shown.
 */
import type { ServerResponse } from 'node:http';
import type { Html } from './html.ts';

export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const SAFE_HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export function page(body: Html, status = 200, headers: Reply['headers'] = {}): Reply {
  const type = { 'content-type': 'text/html; charset=utf-8' };
  return { status, headers: { ...type, ...headers }, body: body.toString() };
}

export function text(status: number, body: string, headers: Reply['headers'] = {}): Reply {
  const type = { 'content-type': 'text/plain; charset=utf-8' };
  return { status, headers: { ...type, ...headers }, body: `${body}\n` };
}

/** `path`: of this service. */
export function seeOther(path: string, headers: Reply['headers'] = {}): Reply {
  return { status: 303, headers: { ...headers, location: path }, body: '' };
}

export function send(response: ServerResponse, reply: Reply, isHead: boolean): void {
  const body = Buffer.from(reply.body);
  const length = { 'content-length': String(body.length) };
  response.writeHead(reply.status, { ...SAFE_HEADERS, ...reply.headers, ...length });
  response.end(isHead ? undefined : body);
}
