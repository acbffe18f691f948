/**
 * console-svc over HTTP with no bank behind it: what it says then, who is let in, and what each
 * answer forbids. Settings that would show the bank to strangers end the start.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Closers } from '#platform/closers.ts';
import { createLogger } from '#platform/logger.ts';
import { readConfig } from '../../../console-svc/config.ts';
import { serveConsole } from '../../../console-svc/serve.ts';

const NOBODY = '127.0.0.1:1';
const ENV = {
  BANK_CONSOLE_LISTEN: '127.0.0.1:0',
  BANK_COMMAND_ADDRESS: NOBODY,
  BANK_QUERY_ADDRESS: NOBODY,
  BANK_PROJECTOR_ADDRESS: NOBODY,
  BANK_CONSOLE_CALL_MS: '100',
};
const FEW = { BANK_CONSOLE_VIEWS_MAX: '1', BANK_CONSOLE_STREAMS_MAX: '2' };
const TOKEN = 'e30.e30.e30';

const closers = new Closers();
const stopping = new AbortController();
let open: string;
let guarded: string;

beforeAll(async () => {
  open = await serve({});
  guarded = await serve({ BANK_AUTH: 'jwt', ...FEW });
});
afterAll(() => closers.closeAll());

async function serve(env: Record<string, string>): Promise<string> {
  const log = createLogger({ service: 'console-svc', instance: 'test', level: 'fatal' });
  const config = readConfig({ ...ENV, ...env });
  return `http://${await serveConsole(config, { closers, log, stopping: stopping.signal })}`;
}

/** Its exit code. */
function healthCheck(listen: string): Promise<number | null> {
  const path = fileURLToPath(new URL('../../../deploy/image/healthcheck.ts', import.meta.url));
  const env = { BANK_CONSOLE_LISTEN: listen };
  const check = spawn(process.execPath, [path], { env, stdio: 'ignore' });
  return new Promise((resolve, reject) => check.once('error', reject).once('exit', resolve));
}

describe('without authentication', () => {
  test('a bank that does not answer is told part by part, and the page stands', async () => {
    const response = await fetch(open);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('Bulk mode: the service does not answer');
    expect(text).toContain('The pipeline: the service does not answer');
    expect(text).not.toContain('Sign out');
  });

  test('a page of another name for this machine is not served', async () => {
    const { port } = new URL(open);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      const headers = { host: 'attacker.example' };
      const asked = request({ port, host: '127.0.0.1', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.end();
    });
    expect(status).toBe(421);
  });

  test('every answer forbids scripts and styles of elsewhere, frames and caches', async () => {
    const { headers } = await fetch(open);
    const policy = headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('reads only: nothing else is taken', async () => {
    const answers = await Promise.all(
      ['POST', 'PUT', 'DELETE', 'PATCH'].map((method) => fetch(open, { method })),
    );
    expect(answers.map(({ status }) => status)).toEqual([405, 405, 405, 405]);
    expect((await fetch(open, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(`${open}/nothing`)).status).toBe(404);
    expect((await fetch(`${open}/accounts/%zz`)).status).toBe(404);
    expect((await fetch(`${open}//`)).status).toBe(400);
  });

  test('probes and files ask nobody', async () => {
    const page = await (await fetch(`${guarded}/accounts`)).text();
    const files = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
    for (const path of ['/healthz', '/readyz', ...files]) {
      expect((await fetch(`${guarded}${path}`)).status, path).toBe(200);
    }
    expect(files.length).toBeGreaterThan(1);
  });

  test("the image's health check asks it", async () => {
    const { host } = new URL(guarded);
    await expect(healthCheck(host)).resolves.toBe(0);
    await expect(healthCheck(NOBODY)).resolves.toBe(1);
  });
});

describe('with authentication', () => {
  const signIn = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${guarded}/sign-in`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
      headers,
    });

  test('nobody sees anything without a token', async () => {
    for (const path of ['/', '/submissions/a', '/accounts/a?at=1', '/live', '/dead-letters']) {
      const response = await fetch(`${guarded}${path}`);
      expect(response.status, path).toBe(401);
      expect(await response.text()).not.toContain('does not answer');
    }
  });

  test('a token is kept in a cookie that no script reads, and its owner goes on', async () => {
    const response = await signIn({ token: ` ${TOKEN}\n`, next: '/accounts?owner=A' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/accounts?owner=A');
    const cookie = response.headers.get('set-cookie');
    expect(cookie).toBe(`bank-token=${TOKEN}; Path=/; HttpOnly; SameSite=Strict`);
    const secure = await signIn({ token: TOKEN }, { 'x-forwarded-proto': 'https' });
    expect(secure.headers.get('set-cookie')).toMatch(/^__Host-bank-token=.*; Secure$/);
    const page = await fetch(`${guarded}/accounts`, { headers: { cookie: `bank-token=${TOKEN}` } });
    expect(await page.text()).toContain('Sign out');
  });

  test('a token in a header is taken as it is, with nothing to sign out of', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const page = await fetch(`${guarded}/accounts`, { headers });
    expect(page.status).toBe(200);
    expect(await page.text()).not.toContain('Sign out');
  });

  test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/a"onload='])(
    'nobody is sent to %s',
    async (next) => {
      const response = await signIn({ token: TOKEN, next });
      expect(response.headers.get('location')).toBe('/');
    },
  );

  test('a form of another site, a long one, and what is no token are refused', async () => {
    const elsewhere = { 'sec-fetch-site': 'cross-site' };
    expect((await signIn({ token: TOKEN }, elsewhere)).status).toBe(403);
    const origin = { origin: 'https://evil.example' };
    expect((await signIn({ token: TOKEN }, origin)).status).toBe(403);
    expect((await signIn({ token: 'a'.repeat(20_000) })).status).toBe(413);
    const response = await signIn({ token: '<b>', next: '/"><script>' });
    expect(response.status).toBe(401);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(await response.text()).not.toContain('<script>');
  });

  test('more views than may be are refused, and the page says so', async () => {
    const over = new AbortController();
    const headers = { authorization: `Bearer ${TOKEN}` };
    const live = await fetch(`${guarded}/live`, { headers, signal: over.signal });
    expect(live.headers.get('content-type')).toContain('text/event-stream');
    const other = await fetch(guarded, { headers: { authorization: 'Bearer other' } });
    expect(other.status).toBe(503);
    expect(other.headers.get('retry-after')).toBe('2');
    for (const token of ['second', 'third']) {
      const refused = { authorization: `Bearer ${token}` };
      // As many as there may be streams: one that was refused holds no place among them.
      expect((await fetch(`${guarded}/live`, { headers: refused })).status).toBe(503);
    }
    expect((await fetch(`${guarded}/live`, { method: 'HEAD', headers })).status).toBe(405);
    const another = await fetch(`${guarded}/live`, { headers, signal: over.signal });
    expect(another.status).toBe(200);
    expect((await fetch(guarded, { headers })).status).toBe(200);
    over.abort();
  });
});

test.each([
  ['BANK_CONSOLE_LISTEN', { BANK_CONSOLE_LISTEN: '0.0.0.0:8080' }],
  ['BANK_CLIENT_CERT_FILE', { BANK_CLIENT_CERT_FILE: 'a.pem' }],
  ['BANK_AUTH', { BANK_AUTH: 'mtls' }],
  ['BANK_COMMAND_ADDRESS', { BANK_COMMAND_ADDRESS: 'bank.example:50051' }],
  ['BANK_QUERY_ADDRESS', { BANK_QUERY_ADDRESS: 'nowhere' }],
  ['BANK_CONSOLE_LISTEN', { BANK_AUTH: 'jwt', BANK_CONSOLE_LISTEN: '0.0.0.0:8080' }],
])('%s of these settings ends the start', (variable, env) => {
  expect(() => readConfig({ ...ENV, ...env })).toThrow(variable);
});
