// Entries in Redis that end by themselves: a sorted set scored by the time at which each ends, by
// Redis' own clock, and a hash with each entry's text. Each operation is one script, which first
// drops what has ended, so that nobody ever sees an entry beyond its time and no clock but Redis'
// counts; when that clock was set back, an entry lives on for as long as one may at most. Every
// change is announced by its entry's id. Used for leases and for reports.
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { isReady } from './redis.ts';

export type Entry = {
  readonly id: string;
  /** Empty when Redis has lost it: it may drop one of its keys when it is full. */
  readonly text: string;
  /** Epoch milliseconds, by Redis' clock. */
  readonly endsAtMs: number;
};

/** `restMs` is 0 when there is none. */
export type Standing = { readonly count: number; readonly restMs: number };

export type ExpiringEntries = {
  /**
   * Makes the entry or sets it anew; undefined: there are as many as there may be, or as many of
   * its owner's.
   */
  put(id: string, text: string, ttlMs: number, ownersMax?: number): Promise<Entry | undefined>;
  /** Sets the end of an entry that is there. */
  prolong(id: string, ttlMs: number): Promise<Entry | undefined>;
  /** Answers how many are left; an entry that is not there is removed already. */
  remove(id: string): Promise<number>;
  has(id: string): Promise<boolean>;
  /** How many there are, and for how long there will be one at least, as things are. */
  standing(): Promise<Standing>;
  /** Those that end first leading. */
  list(): Promise<Entry[]>;
  /** Where changes are announced. */
  readonly channel: string;
};

/** An id may have its owner's name after it; what comes before the mark has none in it. */
export const OWNER_MARK = '@';

/** Redis did not answer: whether the operation was done is not known. */
export class EntriesUnavailableError extends Error {
  override readonly name = 'EntriesUnavailableError';
}

const PRUNE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE')) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
local last = now + ARGV[#ARGV]
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. last, '+inf', 'BYSCORE')) do
  redis.call('ZADD', KEYS[1], last, id)
end
local function announce()
  redis.call('PUBLISH', KEYS[3], ARGV[1])
end
local function textOf(id)
  return redis.call('HGET', KEYS[2], id) or ''
end`;

const PUT = `${PRUNE}
local function ownerOf(id)
  local at = string.find(id, '${OWNER_MARK}', 1, true)
  return at and string.sub(id, at)
end
local function isFull()
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return true end
  local owner = ownerOf(ARGV[1])
  if not owner then return false end
  local owned = 0
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if ownerOf(id) == owner then owned = owned + 1 end
  end
  return owned >= tonumber(ARGV[5])
end
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and isFull() then return false end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
announce()
return {ARGV[1], string.format('%d', now + ARGV[3]), ARGV[2]}`;

const PROLONG = `${PRUNE}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return false end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
announce()
return {ARGV[1], string.format('%d', now + ARGV[2]), textOf(ARGV[1])}`;

const REMOVE = `${PRUNE}
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then announce() end
return redis.call('ZCARD', KEYS[1])`;

const HAS = `${PRUNE}
return redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0`;

const REST = `${PRUNE}
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
return {redis.call('ZCARD', KEYS[1]), last[2] and last[2] - now or 0}`;

const LIST = `${PRUNE}
local found = {}
local ends = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for n = 1, #ends, 2 do
  found[#found + 1] = {ends[n], ends[n + 1], textOf(ends[n])}
end
return found`;

const ROW = z
  .tuple([z.string(), z.coerce.number(), z.string()])
  .transform(([id, endsAtMs, text]): Entry => ({ id, endsAtMs, text }));
const ONE = ROW.nullable().transform((entry) => entry ?? undefined);
const MANY = z.array(ROW);
const COUNT = z.int();
const STANDING = z
  .tuple([z.int(), z.int()])
  .transform(([count, restMs]): Standing => ({ count, restMs }));

export type EntryBounds = { readonly entriesMax: number; readonly lifeMaxMs: number };

/** `keys` begins both keys and the channel; braces in it keep them together in a Redis Cluster. */
export function createExpiringEntries(
  redis: Redis,
  keys: string,
  { entriesMax, lifeMaxMs }: EntryBounds,
): ExpiringEntries {
  const channel = `${keys}:changes`;
  const run = async <T>(
    answer: z.ZodType<T>,
    script: string,
    ...args: (string | number)[]
  ): Promise<T> => {
    if (!isReady(redis)) throw new EntriesUnavailableError('Redis is out of reach');
    const names = [`${keys}:ends`, `${keys}:texts`, channel];
    let reply: unknown;
    try {
      reply = await redis.eval(script, 3, ...names, ...args, lifeMaxMs);
    } catch (cause) {
      throw new EntriesUnavailableError('Redis did not answer', { cause });
    }
    return answer.parse(reply);
  };
  return {
    put: (id, text, ttlMs, ownersMax = entriesMax) =>
      run(ONE, PUT, id, text, ttlMs, entriesMax, ownersMax),
    prolong: (id, ttlMs) => run(ONE, PROLONG, id, ttlMs),
    remove: (id) => run(COUNT, REMOVE, id),
    has: async (id) => (await run(COUNT, HAS, id)) === 1,
    standing: () => run(STANDING, REST),
    list: () => run(MANY, LIST),
    channel,
  };
}
