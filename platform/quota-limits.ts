/** How much one caller may ask for: BANK_QUOTA_*, the same in every service; 0 is without end. */
import type { z } from 'zod';
import { envInt } from './config.ts';

export type QuotaLimits = {
  readonly requestsPerSecond: number;
  /** Items of uploads. */
  readonly itemsPerSecond: number;
  /** At once, of one replica. */
  readonly streamsMax: number;
};

export const QUOTA_ENV = {
  BANK_QUOTA_REQUESTS_PER_SECOND: envInt({ min: 0, max: 1_000_000, default: 2_000 }),
  BANK_QUOTA_ITEMS_PER_SECOND: envInt({ min: 0, max: 100_000_000, default: 200_000 }),
  BANK_QUOTA_STREAMS_MAX: envInt({ min: 0, max: 100_000, default: 100 }),
} as const;

export function quotaLimits(env: z.infer<z.ZodObject<typeof QUOTA_ENV>>): QuotaLimits {
  return {
    requestsPerSecond: env.BANK_QUOTA_REQUESTS_PER_SECOND,
    itemsPerSecond: env.BANK_QUOTA_ITEMS_PER_SECOND,
    streamsMax: env.BANK_QUOTA_STREAMS_MAX,
  };
}
