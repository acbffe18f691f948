/**
 * A cached account as text: its version in digits of fixed width (so that Redis compares versions
 * as text), then JSON. What another release wrote, or anything malformed, decodes to undefined: a
 * miss.
 */
import { z } from 'zod';
import type { AccountView } from './account-view.ts';

export type CacheEntry = { readonly view: AccountView; readonly readAtMs: number };

export const VERSION_DIGITS = 19;

const int64 = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .transform(BigInt);

const ENTRY = z.strictObject({
  readAtMs: z.number(),
  accountId: z.string(),
  tenant: z.string(),
  version: int64,
  currencyCode: z.string(),
  balanceMinor: int64,
  heldMinor: int64,
  nextExpiryMicros: int64.optional(),
  overdraftLimitMinor: int64,
  status: z.number(),
  debitsFrozen: z.boolean(),
  creditsFrozen: z.boolean(),
  owner: z.string(),
  labels: z.record(z.string(), z.string()),
  openedAtMicros: int64,
  updatedAtMicros: int64,
  projectedAtMicros: int64,
});

export function paddedVersion(version: bigint): string {
  return version.toString().padStart(VERSION_DIGITS, '0');
}

export function encodeEntry(view: AccountView, readAtMs: number): string {
  const json = JSON.stringify({ readAtMs, ...view }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return `${paddedVersion(view.version)}${json}`;
}

export function decodeEntry(text: string): CacheEntry | undefined {
  const parsed = ENTRY.safeParse(parseJson(text.slice(VERSION_DIGITS)));
  if (!parsed.success) return undefined;
  const { readAtMs, nextExpiryMicros, ...view } = parsed.data;
  return { view: { ...view, nextExpiryMicros }, readAtMs };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a miss: the entry is read from the projection store and written again
  }
}
