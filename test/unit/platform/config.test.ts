/**
 * Settings from the environment: defaults, bounds, and messages for the person who starts the
 * service.
 */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, envAddress, envInt, envList, envText, parseEnv } from '#platform/config.ts';

const schema = z.object({
  BANK_BATCH_ITEMS: envInt({ min: 1, max: 5000, default: 1000 }),
  BANK_LISTEN: envAddress('127.0.0.1:50051'),
  BANK_BROKERS: envList(['127.0.0.1:9092']),
  BANK_LEVEL: envText('info'),
});

test('defaults stand for variables that are not set or empty', () => {
  expect(parseEnv(schema, { BANK_LEVEL: '', OTHER: 'x' })).toEqual({
    BANK_BATCH_ITEMS: 1000,
    BANK_LISTEN: { host: '127.0.0.1', port: 50051 },
    BANK_BROKERS: ['127.0.0.1:9092'],
    BANK_LEVEL: 'info',
  });
});

test('what is set is parsed', () => {
  const env = {
    BANK_BATCH_ITEMS: '5',
    BANK_LISTEN: '[::1]:0',
    BANK_BROKERS: 'a:1, b:2,',
    BANK_LEVEL: 'debug',
  };
  expect(parseEnv(schema, env)).toEqual({
    BANK_BATCH_ITEMS: 5,
    BANK_LISTEN: { host: '::1', port: 0 },
    BANK_BROKERS: ['a:1', 'b:2'],
    BANK_LEVEL: 'debug',
  });
});

test('an error names each wrong variable, its value and the rule', () => {
  const env = { BANK_BATCH_ITEMS: '5001', BANK_LISTEN: 'localhost' };
  const parse = (): unknown => parseEnv(schema, env);
  expect(parse).toThrow(ConfigError);
  expect(parse).toThrow('BANK_BATCH_ITEMS="5001": must be a whole number from 1 to 5000');
  expect(parse).toThrow('BANK_LISTEN="localhost": must be host:port with a port from 0 to 65535');
});

test.each(['0', '-1', '1.5', '1e3', ' 7', 'ten', '99999999999999999999'])(
  'the number %j is refused',
  (text) => {
    expect(() => parseEnv(schema, { BANK_BATCH_ITEMS: text })).toThrow('BANK_BATCH_ITEMS');
  },
);

test.each(['localhost', ':80', 'a:b:80', 'host:65536', 'host:', 'ho st:80'])(
  'the address %j is refused',
  (text) => {
    expect(() => parseEnv(schema, { BANK_LISTEN: text })).toThrow('BANK_LISTEN');
  },
);

test('a variable without a default must be set', () => {
  const required = z.object({ BANK_URL: envText(), BANK_COUNT: envInt({ min: 0, max: 9 }) });
  const parse = (): unknown => parseEnv(required, {});
  expect(parse).toThrow('BANK_URL=(not set): must be set');
  expect(parse).toThrow('BANK_COUNT=(not set): must be a whole number from 0 to 9');
});

test('secrets do not appear in a message', () => {
  const strict = z.object({ BANK_PASSWORD: z.literal('x'), BANK_STORE_URL: z.literal('x') });
  const env = { BANK_PASSWORD: 'hunter2', BANK_STORE_URL: 'postgres://bank:hunter2@host/db' };
  let message = '';
  try {
    parseEnv(strict, env);
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain('BANK_PASSWORD=(hidden)');
  expect(message).toContain('postgres://(hidden)@host/db');
  expect(message).not.toContain('hunter2');
});
