/** Settings of authentication: off on loopback only, and what each way of it needs. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { AUTH_ENV, authSettings } from '#platform/auth-settings.ts';
import { LISTENER_TLS_ENV } from '#platform/listener-tls.ts';
import { parseEnv, type Address } from '#platform/config.ts';

const LOCAL = { host: '127.0.0.1', port: 50051 };

function settings(env: NodeJS.ProcessEnv, listen: Address = LOCAL) {
  const known = z.object({ ...AUTH_ENV, ...LISTENER_TLS_ENV });
  return authSettings(parseEnv(known, env), listen, 'BANK_X_LISTEN');
}

test('off: on loopback only', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost', '[::1]']) {
    expect(settings({}, { host, port: 1 }).tokens).toBeUndefined();
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'bank.example', '127.0.0.1.evil.example']) {
    const wanted = `off": without authentication a service listens on loopback only`;
    expect(() => settings({ BANK_AUTH: 'off' }, { host, port: 1 })).toThrow(wanted);
    const told = `BANK_X_LISTEN is "${host}:1": set BANK_AUTH to jwt, mtls or jwt+mtls`;
    expect(() => settings({}, { host, port: 1 })).toThrow(told);
  }
});

test('jwt: an issuer and its keys, from a file, by https, or from this machine', () => {
  const env = { BANK_AUTH: 'jwt', BANK_AUTH_ISSUER: 'i', BANK_AUTH_JWKS: '/etc/bank/jwks.json' };
  const anywhere = { host: '0.0.0.0', port: 1 };
  expect(settings(env, anywhere).tokens).toMatchObject({ issuer: 'i', audience: 'banking-es' });
  expect(settings(env, anywhere).identitiesFile).toBeUndefined();
  for (const source of ['https://issuer.example/jwks', 'http://127.0.0.1:8080/jwks']) {
    const { tokens } = settings({ ...env, BANK_AUTH_JWKS: source });
    expect(tokens?.keys.source).toBe(source);
  }
  for (const source of ['http://issuer.example/jwks', 'ftp://127.0.0.1/jwks', 'https://']) {
    const wrong = () => settings({ ...env, BANK_AUTH_JWKS: source });
    expect(wrong).toThrow('BANK_AUTH_JWKS: must be a file, an https address, or http on loopback');
  }
  const unread = { ...env, BANK_AUTH_JWKS: 'https://issuer.example/jwks?ca_file=/no/such' };
  expect(() => settings(unread)).toThrow('/no/such: cannot be read');
  expect(() => settings({ ...env, BANK_AUTH_ISSUER: '' })).toThrow('BANK_AUTH_ISSUER=(not set)');
  expect(() => settings({ ...env, BANK_AUTH_JWKS: '' })).toThrow('BANK_AUTH_JWKS=(not set)');
});

test('mtls: the file that says who a certificate is', () => {
  const names = { BANK_AUTH_IDENTITIES: '/etc/bank/identities.json' };
  const file = { ...names, BANK_TLS_CLIENT_CA_FILE: '/etc/bank/ca.pem' };
  const { tokens, identitiesFile } = settings({ BANK_AUTH: 'mtls', ...file });
  expect({ tokens, identitiesFile }).toEqual({
    tokens: undefined,
    identitiesFile: file.BANK_AUTH_IDENTITIES,
  });
  const unnamed = { ...file, BANK_AUTH_IDENTITIES: undefined };
  expect(() => settings({ BANK_AUTH: 'mtls', ...unnamed })).toThrow(
    'BANK_AUTH_IDENTITIES=(not set)',
  );
  for (const mode of ['mtls', 'jwt+mtls']) {
    expect(() => settings({ BANK_AUTH: mode, ...names })).toThrow(
      'BANK_TLS_CLIENT_CA_FILE=(not set)',
    );
  }
  const both = { BANK_AUTH: 'jwt+mtls', BANK_AUTH_ISSUER: 'i', BANK_AUTH_JWKS: 'f', ...file };
  expect(settings(both).tokens?.issuer).toBe('i');
  expect(settings(both).identitiesFile).toBe(file.BANK_AUTH_IDENTITIES);
});

test('what counts for nothing is not taken: somebody believes that it does', () => {
  const tokens = { BANK_AUTH_ISSUER: 'i', BANK_AUTH_JWKS: 'f' };
  const names = { BANK_AUTH_IDENTITIES: 'n', BANK_TLS_CLIENT_CA_FILE: 'c' };
  const cases: [env: Record<string, string>, variable: string][] = [
    [{ BANK_AUTH_ISSUER: 'i' }, 'BANK_AUTH_ISSUER'],
    [{ BANK_AUTH_JWKS: 'f' }, 'BANK_AUTH_JWKS'],
    [{ BANK_AUTH_IDENTITIES: 'n' }, 'BANK_AUTH_IDENTITIES'],
    [{ BANK_AUTH: 'jwt', ...tokens, ...names }, 'BANK_AUTH_IDENTITIES'],
    [{ BANK_AUTH: 'mtls', ...tokens, ...names }, 'BANK_AUTH_ISSUER'],
  ];
  for (const [env, variable] of cases) {
    expect(() => settings(env)).toThrow(`${variable}: counts for nothing with BANK_AUTH=`);
  }
});

test('a way that is none is named', () => {
  expect(() => settings({ BANK_AUTH: 'none' })).toThrow('BANK_AUTH="none"');
});
