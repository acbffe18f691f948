// Leases: whoever holds one says who it is and what for, and for how long it stands unless it is
// renewed. Any number may be held at once, up to a bound. An operation that Redis does not answer
// throws EntriesUnavailableError.
import { z } from 'zod';
import type { Redis } from 'ioredis';
import { createExpiringEntries, type Entry, type Standing } from './expiring-entries.ts';

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
  /** Undefined: it has ended, or never was. */
  renew(id: string, ttlMs: number): Promise<Lease | undefined>;
  /** Answers how many are held now; one that has ended before is answered alike. */
  end(id: string): Promise<number>;
  holds(id: string): Promise<boolean>;
  /** How many are held, and for how long one at least is, as things are. */
  standing(): Promise<Standing>;
  list(): Promise<Lease[]>;
  /** Where changes are announced. */
  readonly channel: string;
};

export const LEASES_MAX = 1_000;

export function createLeases(redis: Redis, keys: string): Leases {
  const entries = createExpiringEntries(redis, `${keys}:leases`, LEASES_MAX);
  return {
    take: async (id, { holder, reason }, ttlMs, ownersMax) =>
      leaseOf(await entries.put(id, JSON.stringify({ holder, reason }), ttlMs, ownersMax)),
    renew: async (id, ttlMs) => leaseOf(await entries.prolong(id, ttlMs)),
    end: entries.remove,
    holds: entries.has,
    standing: entries.standing,
    list: async () => (await entries.list()).map(toLease),
    channel: entries.channel,
  };
}

const TEXT = z.object({ holder: z.string(), reason: z.string() });

function leaseOf(entry: Entry | undefined): Lease | undefined {
  return entry === undefined ? undefined : toLease(entry);
}

function toLease({ id, text, endsAtMs }: Entry): Lease {
  return { id, ...TEXT.parse(JSON.parse(text)), endsAtMs };
}
