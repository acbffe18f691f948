/**
 * Who is let in by a token, and what whoever is not is told: a real server, tokens of a real
 * issuer, and keys that are fetched, changed and out of reach.
 */
import { createPublicKey, createHmac } from 'node:crypto';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AuthSettings } from '#platform/auth-settings.ts';
import type { ScopeTable } from '#platform/method-scopes.ts';
import { GET, openLimitedServer, START, type LimitedServer } from '#test/support/limited-server.ts';
import {
  bearing,
  newKey,
  openTokenIssuer,
  sign,
  type Claims,
  type TokenIssuer,
} from '#test/support/token-issuer.ts';
import { until } from '#test/support/until.ts';

const SCOPES: ScopeTable = {
  'bank.v1.BulkModeService': {
    startBulkMode: ['bulk.write'],
    renewBulkMode: ['bulk.write'],
    endBulkMode: ['bulk.write'],
    getBulkMode: ['ops.read', 'tenants.all'],
  },
};
const NOTHING = Buffer.alloc(0);
const HEALTH = '/grpc.health.v1.Health/Check';
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const NOT_TAKEN = { code: status.UNAUTHENTICATED, reason: 'INVALID_TOKEN' };

let issuer: TokenIssuer;
let server: LimitedServer | undefined;

beforeAll(async () => {
  issuer = await openTokenIssuer();
  return () => issuer.stop();
});
afterEach(() => server?.close());

async function serve(more: Partial<AuthSettings> = {}): Promise<LimitedServer> {
  const auth = { tokens: issuer.settings, identitiesFile: undefined, openReflection: true };
  server = await openLimitedServer(
    {},
    {
      access: { auth: { ...auth, ...more }, scopes: SCOPES },
    },
  );
  return server;
}

async function callWith(metadata: Metadata, path: string = START): Promise<object> {
  const caller = (server ?? (await serve())).connect();
  return caller.call(path, path === START ? { reason: '0' } : NOTHING, { metadata });
}

const claims = { sub: 'payroll', tenant: 'acme', scope: 'bulk.write accounts.read' };

describe('a token', () => {
  beforeEach(() => serve());

  test('says who calls, and goes no further', async () => {
    const token = await issuer.token({ ...claims, owner: 'ada' });
    expect(await callWith(bearing(token))).toMatchObject({ code: status.OK });
    const [handled] = server?.handled ?? [];
    const { tenant, subject, owner, scopes, peer } = handled?.caller ?? {};
    expect({ tenant, subject, owner }).toEqual({
      tenant: 'acme',
      subject: 'payroll',
      owner: 'ada',
    });
    expect([...(scopes ?? [])]).toEqual(['bulk.write', 'accounts.read']);
    expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.stringify(handled?.metadata.getMap())).not.toContain(token.slice(0, 20));
  });

  const other: Record<string, [why: string, () => Promise<Metadata>]> = {
    none: ['there is no token', () => Promise.resolve(new Metadata())],
    'of another audience': ['another audience', () => tokenOf({ aud: 'another' })],
    'of another issuer': ['another issuer', () => tokenOf({ iss: 'https://evil.example' })],
    'that has expired': ['has expired', () => tokenOf({ exp: 1_700_000_000 })],
    'that is not valid yet': ['not valid yet', () => tokenOf({ nbf: 4_000_000_000 })],
    'without an end': ['no claim exp', () => tokenOf({ exp: undefined })],
    'without a subject': ['no claim sub', () => tokenOf({ sub: undefined })],
    'with a tenant that is no name': ['claim tenant', () => tokenOf({ tenant: 'a\0b' })],
    'with an owner that is empty': ['claim owner', () => tokenOf({ owner: '' })],
    'with an owner that no text is': ['claim owner', () => tokenOf({ owner: 'a\0b' })],
    'with an owner that is half a pair': ['claim owner', () => tokenOf({ owner: '\ud800' })],
    'with scopes that are no list': ['claim scope', () => tokenOf({ scope: { a: 1 } })],
    'with alg none': ['algorithm is not allowed', () => unsigned()],
    'with HS256 by the public key': ['algorithm is not allowed', () => byPublicKey()],
    'of an unknown key': ['no known key', async () => bearing(await byAnother('another'))],
    'of another key by our name': ['signature', async () => bearing(await byAnother(ours()))],
    'cut short': ['signature', async () => bearing((await issuer.token(claims)).slice(0, -8))],
    'that is no JWT': ['not a signed JWT', () => Promise.resolve(bearing('a.b.c'))],
    'of another scheme': ['must be "Bearer <JWT>"', () => withHeader('Basic YTpi')],
    'with spaces in it': ['must be "Bearer <JWT>"', () => withHeader('Bearer a b')],
  };
  test.each(Object.entries(other))('%s is not taken, and not repeated', async (_, [why, make]) => {
    const metadata = await make();
    const answer = await callWith(metadata);
    expect(answer).toMatchObject(NOT_TAKEN);
    expect(Reflect.get(answer, 'message')).toContain(why);
    for (const sent of metadata.get('authorization')) {
      for (const part of String(sent)
        .split(/[ .]/)
        .filter((text) => text.length > 8)) {
        expect(JSON.stringify(answer)).not.toContain(part);
      }
    }
    expect(server?.handled).toEqual([]);
  });

  test('lacks a scope: named, each of them', async () => {
    const code = status.PERMISSION_DENIED;
    const reason = 'MISSING_SCOPE';
    const without = bearing(await issuer.token({ ...claims, scope: 'accounts.read bulk' }));
    const message = "the caller's token lacks the scope bulk.write";
    expect(await callWith(without)).toMatchObject({ code, reason, message });
    const half = bearing(await issuer.token({ ...claims, scope: ['ops.read'] }));
    const other = "the caller's token lacks the scope tenants.all";
    expect(await callWith(half, GET)).toMatchObject({ code, reason, message: other });
    const all = bearing(await issuer.token({ ...claims, scope: ['ops.read', 'tenants.all'] }));
    expect(await callWith(all, GET)).toMatchObject({ code: status.OK });
  });

  test('counts no longer when it has expired, though it was taken before', async () => {
    const token = bearing(await issuer.token(claims, 2));
    expect(await callWith(token)).toMatchObject({ code: status.OK });
    await until('it has expired', async () => {
      const answer = await callWith(token);
      return Object.is(Reflect.get(answer, 'code'), status.UNAUTHENTICATED);
    });
    expect(await callWith(token)).toMatchObject({ message: 'the token has expired' });
  });

  test('nobody needs one for health; for reflection as it is set', async () => {
    expect(await callWith(new Metadata(), HEALTH)).toMatchObject({ code: status.OK });
    const open = await callWith(new Metadata(), REFLECTION);
    expect(open).not.toMatchObject({ code: status.UNAUTHENTICATED });
    await server?.close();
    await serve({ openReflection: false });
    expect(await callWith(new Metadata(), REFLECTION)).toMatchObject(NOT_TAKEN);
  });
});

describe('the keys', () => {
  test.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)('may be of %s', async (alg) => {
    await issuer.rotate(alg);
    await serve();
    expect(await callWith(bearing(await issuer.token(claims)))).toMatchObject({ code: status.OK });
  });

  test('are changed: the new one is fetched, and the old one counts no longer', async () => {
    await serve();
    const before = bearing(await issuer.token(claims));
    expect(await callWith(before)).toMatchObject({ code: status.OK });
    await issuer.rotate();
    const asked = issuer.asked();
    expect(await callWith(bearing(await issuer.token(claims)))).toMatchObject({ code: status.OK });
    expect(await callWith(before)).toMatchObject(NOT_TAKEN);
    for (let n = 0; n < 20; n++) {
      expect(await callWith(bearing(await byAnother('unknown')))).toMatchObject(NOT_TAKEN);
    }
    expect(issuer.asked()).toBe(asked + 1);
  });

  test('are out of reach at the start: come back later, and then they are there', async () => {
    await issuer.stop();
    await serve();
    const token = bearing(await issuer.token(claims));
    const unavailable = { code: status.UNAVAILABLE, reason: 'KEYS_UNAVAILABLE' };
    expect(await callWith(token)).toMatchObject({ ...unavailable, retryAfterMs: 1_000 });
    await issuer.startAgain();
    await until('the keys are read', async () => {
      return Object.is(Reflect.get(await callWith(token), 'code'), status.OK);
    });
  });

  test('are out of reach later: the known ones go on, up to their age', async () => {
    const keys = { ...issuer.settings.keys, refreshMs: 100, ageMaxMs: 3_000 };
    await serve({ tokens: { ...issuer.settings, keys } });
    const token = bearing(await issuer.token(claims));
    expect(await callWith(token)).toMatchObject({ code: status.OK });
    await issuer.stop();
    expect(await callWith(token)).toMatchObject({ code: status.OK });
    await until('they are too old', async () => {
      return Object.is(Reflect.get(await callWith(token), 'code'), status.UNAVAILABLE);
    });
    await issuer.startAgain();
    await until('they are read again', async () => {
      return Object.is(Reflect.get(await callWith(token), 'code'), status.OK);
    });
  });
});

function ours(): string {
  return issuer.key().kid;
}

async function tokenOf(more: Claims): Promise<Metadata> {
  return bearing(await issuer.token({ ...claims, ...more }));
}

async function byAnother(kid: string): Promise<string> {
  return sign({ ...(await newKey('EdDSA')), kid }, claims, 60);
}

function withHeader(value: string): Promise<Metadata> {
  const metadata = new Metadata();
  metadata.set('authorization', value);
  return Promise.resolve(metadata);
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function unsigned(): Promise<Metadata> {
  const [, body = ''] = (await issuer.token(claims)).split('.');
  return bearing(`${encoded({ alg: 'none', kid: ours() })}.${body}.`);
}

/** The well-known confusion: what everybody may read is taken for a shared secret. */
async function byPublicKey(): Promise<Metadata> {
  const [, body = ''] = (await issuer.token(claims)).split('.');
  const head = `${encoded({ alg: 'HS256', kid: ours() })}.${body}`;
  const { jwk } = issuer.key();
  const secret = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  return bearing(`${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`);
}
