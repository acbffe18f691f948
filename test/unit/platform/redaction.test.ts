/**
 * Secrets in every place of a log line: none comes out, the line stays JSON, and what is no secret
 * stays readable.
 */
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger, type LogData } from '#platform/logger.ts';
import { redact } from '#platform/redaction.ts';
import { tracedLog } from '#platform/log-trace.ts';

const SECRET = 'hunter2.S3cret-Value_0123456789';
const JWT = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEi${'x'.repeat(20)}.c2lnbmF0dXJl`;
const PEM = `-----BEGIN EC PRIVATE KEY-----\n${SECRET}\n${SECRET}\n-----END EC PRIVATE KEY-----`;

/** Texts that a secret stands in, as they are met. */
const TEXTS: Readonly<Record<string, string>> = {
  'a URL of a database': `could not reach postgres://bank_command:${SECRET}@db:5432/event_store`,
  'a URL of Redis': `redis://:${SECRET}@cache:6379/0 is away`,
  'a URL with an encoded password': `amqps://u:a%40${SECRET}@mq`,
  'a URL with a quote in its password': `postgres://x:it's${SECRET}@db/event_store`,
  'a connection string': `host=db user=x password=${SECRET} dbname=y`,
  'a quoted connection string': `host=db password='${SECRET} ${SECRET}' dbname=y`,
  'an authorization header': `authorization: Bearer ${SECRET}`,
  'a basic authorization': `Authorization: Basic ${Buffer.from(SECRET).toString('base64')}`,
  'a bearer token by itself': `Bearer ${SECRET}`,
  'a token': `the token ${JWT} has expired`,
  'JSON in a text': `{"user":"x","password":"${SECRET}","port":1}`,
  'JSON with an escaped quote': `{"client_secret":"a\\"${SECRET}","port":1}`,
  'JSON in JSON': JSON.stringify({ body: JSON.stringify({ api_key: SECRET, port: 1 }) }),
  'a list': `{"x-api-key":["${SECRET}","${SECRET}"]}`,
  'a private key': `bad key: ${PEM}`,
  'a variable': `BANK_REDIS_PASSWORD=${SECRET} BANK_JWT_SECRET=${SECRET}`,
  'a query string': `https://idp/keys?access_token=${SECRET}&x=1`,
};

/** Where in a line a text may stand. */
const PLACES: Readonly<Record<string, (text: string) => [message: string, data: LogData]>> = {
  message: (text) => [text, {}],
  field: (text) => ['x', { text }],
  'field of a field': (text) => ['x', { a: { b: [{ c: text }] } }],
  error: (text) => ['x', { err: new Error(text) }],
  cause: (text) => ['x', { err: new Error('x', { cause: new Error(text) }) }],
  'field of an error': (text) => ['x', { err: Object.assign(new Error('x'), { detail: text }) }],
};

test('key-encryption keys, wherever they stand', () => {
  const [first, second] = ['A', 'b'].map((letter) => `${letter.repeat(43)}=`);
  const text = redact(`BANK_KEK=k1:${first},k-2:${second} is not right`);
  expect(text).toBe('BANK_KEK=k1:(hidden),k-2:(hidden) is not right');
});

describe.each(Object.entries(TEXTS))('%s', (_, text) => {
  test.each(Object.entries(PLACES))('as %s', (_, place) => {
    const [line] = written((log) => log.error(...place(text)));
    expectHidden(line);
  });
});

test.each<[string, LogData]>([
  ['a field of that name', { password: SECRET, accessToken: SECRET, clientSecret: SECRET }],
  ['settings', { settings: { redisPassword: SECRET, jwt_secret: [SECRET], apiKey: SECRET } }],
  ['metadata', { metadata: metadata() }],
  ['a URL', { url: new URL(`postgres://u:${SECRET}@db/x`) }],
])('%s', (_, data) => {
  const lines = written((log) => {
    log.info('x', data);
    log.child(data).warn('x');
  });
  for (const line of lines) expectHidden(line);
});

test('what is no secret stays', () => {
  const text =
    'Could not append to postgres://db:5432/event_store: 12 items of partition 3 at ' +
    'http://127.0.0.1:9090/metrics, e-mail a@b.example, tokens are checked.';
  expect(redact(text)).toBe(text);
  const [line] = written((log) => log.info(text, { partition: 3, batchId: 'b' }));
  expect(line).toMatchObject({ msg: text, partition: 3, batchId: 'b' });
});

test('long lines take no long time', () => {
  const start = performance.now();
  redact(`${'a'.repeat(200_000)} ${'token'.repeat(40_000)} ${'://'.repeat(40_000)}`);
  expect(performance.now() - start).toBeLessThan(2_000);
});

test("a call's lines carry its trace", () => {
  const traceId = 'a'.repeat(32);
  const spanId = 'b'.repeat(16);
  const lines = written((log) => {
    const traced = tracedLog(log, `00-${traceId}-${spanId}-01`);
    traced.error('x', { a: 1 });
    traced.child({ c: 2 }).info('x');
    tracedLog(log, 'garbage').info('x');
  });
  expect(lines.slice(0, 2)).toMatchObject([
    { trace_id: traceId, span_id: spanId, a: 1 },
    { trace_id: traceId, span_id: spanId, c: 2 },
  ]);
  expect(lines[2]).not.toHaveProperty('trace_id');
});

function metadata(): Metadata {
  const made = new Metadata();
  made.set('authorization', `Bearer ${SECRET}`);
  made.set('x-api-key', SECRET);
  return made;
}

function written(write: (log: ReturnType<typeof createLogger>) => void): unknown[] {
  const lines: unknown[] = [];
  const take = (line: string): void => void lines.push(z.looseObject({}).parse(JSON.parse(line)));
  write(createLogger({ service: 's', instance: 'i', level: 'debug', write: take }));
  return lines;
}

function expectHidden(line: unknown): void {
  const text = JSON.stringify(line);
  const encoded = Buffer.from(SECRET).toString('base64');
  for (const secret of [SECRET, 'hunter2', encoded, JWT.slice(0, 30)]) {
    expect(text).not.toContain(secret);
  }
  expect(text).toContain('(hidden)');
}
