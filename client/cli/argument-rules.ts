/**
 * What people type, read into what the contract carries. What breaks a rule is refused before
 * anything is sent, with the rule in the message; the program names the argument.
 */
import { isDate } from '#platform/dates.ts';
import { isCurrencyCode } from '#platform/currencies.ts';
import { timestampFromMicros } from '#platform/timestamps.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import { InvalidArgumentError } from 'commander';

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
const TIMEOUT_MAX_MS = 600_000;
const LEASE_MIN_MS = 5_000;
const LEASE_MAX_MS = 600_000;
const LIMIT_MAX = 1_000_000_000;
const LABEL_KEY_LENGTH_MAX = 63;

export function uuidArgument(text: string): string {
  const uuid = canonicalUuid(text);
  if (uuid !== undefined) return uuid;
  throw new InvalidArgumentError('It must be a UUID, as in 5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40.');
}

/** Repeatable. */
export function uuidsArgument(text: string, before: readonly string[] = []): string[] {
  return [...before, uuidArgument(text)];
}

export function textsArgument(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

export function currencyArgument(text: string): string {
  if (isCurrencyCode(text)) return text;
  const capitals = text.toUpperCase();
  throw new InvalidArgumentError(
    isCurrencyCode(capitals)
      ? `Write it in capitals: ${capitals}.`
      : 'It must be an ISO 4217 code, as in EUR.',
  );
}

/** A version, from 1 on. */
export function versionArgument(text: string): bigint {
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

export function limitArgument(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= LIMIT_MAX) return value;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${LIMIT_MAX}.`);
}

export function partitionsArgument(text: string, before: readonly number[] = []): number[] {
  if (/^\d{1,5}$/.test(text)) return [...before, Number(text)];
  throw new InvalidArgumentError('It must be the number of a partition, from 0 on.');
}

export function dateArgument(text: string): string {
  if (isDate(text)) return text;
  throw new InvalidArgumentError('It must be a day that exists, as in 2026-06-30.');
}

const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)$/;

/** A time with its zone, to the microsecond, or a day: its first moment in UTC. */
export function timeArgument(text: string): Timestamp {
  if (isDate(text)) return timestampFromMicros(BigInt(Date.parse(text)) * 1000n);
  const [, day = '', hour = '', minute = '', second = '00', fraction = '', zone = ''] =
    TIME.exec(text) ?? [];
  const ms = isDate(day) ? Date.parse(`${day}T${hour}:${minute}:${second}${zone}`) : Number.NaN;
  if (!Number.isNaN(ms)) {
    return timestampFromMicros(BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0')));
  }
  throw new InvalidArgumentError(
    'It must be a day or a time with its zone, as in 2026-06-30 or 2026-06-30T22:00:00Z.',
  );
}

/** 30s, 500ms, 2m, or 30, which are seconds; in milliseconds. */
export function timeoutArgument(text: string): number {
  return duration(text, 1, TIMEOUT_MAX_MS, 'from 1ms to 10m');
}

export function leaseArgument(text: string): number {
  return duration(text, LEASE_MIN_MS, LEASE_MAX_MS, 'from 5s to 10m');
}

function duration(text: string, minMs: number, maxMs: number, bounds: string): number {
  const [, amount, unit = 's'] = /^(\d{1,6})(ms|s|m)?$/.exec(text) ?? [];
  const ms = amount === undefined ? 0 : Number(amount) * (DURATION_MS[unit] ?? 0);
  if (ms >= minMs && ms <= maxMs) return ms;
  throw new InvalidArgumentError(`It must be a time ${bounds}, as in 30s.`);
}

/** key=value, repeatable. */
export function labelsArgument(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at > LABEL_KEY_LENGTH_MAX) {
    throw new InvalidArgumentError('It must be key=value, with a key of 1 to 63 characters.');
  }
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
