// Leases: whoever holds one says who it is and what for, and for how long it stands unless it is
// renewed. Any number may be held at once, up to a bound. An operation that Redis does not answer
// throws EntriesUnavailableError.
import { z } from 'zod';
import type { Redis } from 'ioredis';
import { createTextReader } from './entry-texts.ts';
import { createExpiringEntries, type Entry, type Standing } from './expiring-entries.ts';
import type { Logger } from './logger.ts';

export type Lease = {
  readonly id: string;
  readonly holder: string;
  readonly reason: string;
  /** Epoch milliseconds, by Redis' clock. */
  readonly endsAtMs: number;
};

export type LeaseText = Pick<Lease, 'holder' | 'reason'>;

export type Leases = {
  /**
   * Takes a lease by that id, or renews it; undefined: LEASES_MAX are held, or `ownersMax` by the
   * owner that the id names.
   */
  take(id: string, text: LeaseText, ttlMs: number, ownersMax?: number): Promise<Lease | undefined>;
  /** Undefined: it has ended, or never was. One whose text cannot be read is answered without. */
  renew(id: string, ttlMs: number): Promise<Lease | undefined>;
  /** Answers how many are held now; one that has ended before is answered alike. */
  end(id: string): Promise<number>;
  holds(id: string): Promise<boolean>;
  /** How many are held, and for how long one at least is, as things are. */
  standing(): Promise<Standing>;
  /** Those whose text can be read. */
  list(): Promise<Lease[]>;
  /** Where changes are announced. */
  readonly channel: string;
};

export const LEASES_MAX = 1_000;
/** Longer than this none is taken. */
export const LEASE_LIFE_MAX_MS = 600_000;

const TEXT = z.object({ holder: z.string(), reason: z.string() });
const NO_TEXT: LeaseText = { holder: '', reason: '' };

export function createLeases(redis: Redis, keys: string, log: Logger): Leases {
  const bounds = { entriesMax: LEASES_MAX, lifeMaxMs: LEASE_LIFE_MAX_MS };
  const entries = createExpiringEntries(redis, `${keys}:leases`, bounds);
  const readText = createTextReader(TEXT, log);
  const leaseOf = (entry: Entry | undefined): Lease | undefined =>
    entry === undefined ? undefined : toLease(entry, readText(entry) ?? NO_TEXT);
  return {
    take: async (id, { holder, reason }, ttlMs, ownersMax) =>
      leaseOf(await entries.put(id, JSON.stringify({ holder, reason }), ttlMs, ownersMax)),
    renew: async (id, ttlMs) => leaseOf(await entries.prolong(id, ttlMs)),
    end: entries.remove,
    holds: entries.has,
    standing: entries.standing,
    list: async () =>
      (await entries.list()).flatMap((entry) => {
        const text = readText(entry);
        return text === undefined ? [] : [toLease(entry, text)];
      }),
    channel: entries.channel,
  };
}

function toLease({ id, endsAtMs }: Entry, text: LeaseText): Lease {
  return { id, ...text, endsAtMs };
}
