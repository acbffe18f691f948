// String.prototype is a dictionary after ioredis has been loaded, and is none when a client of
// Redis has been made. Asked of V8 itself, by its own function.
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogger } from '#platform/logger.ts';

const areStringsFast = (): unknown => runInThisContext('%HasFastProperties(String.prototype)');

beforeAll(() => {
  setFlagsFromString('--allow-natives-syntax');
});

afterAll(() => {
  setFlagsFromString('--no-allow-natives-syntax');
});

it('is done for every process that talks to Redis, and lasts', async () => {
  expect(areStringsFast()).toBe(true);
  const { closeRedis, createRedis } = await import('#platform/redis.ts');
  expect(areStringsFast()).toBe(false); // true: ioredis has no such class any more
  const log = createLogger({ service: 's', instance: 'i', level: 'info', write: () => undefined });
  closeRedis(createRedis('redis://127.0.0.1:9', 'locks', log));
  expect(areStringsFast()).toBe(true);
  class Tagged extends String {}
  expect(new Tagged('later')).toHaveLength(5);
  expect(areStringsFast()).toBe(true);
});
