// Points in time: microseconds since 1970 as bigint inside (what PostgreSQL stores),
// google.protobuf.Timestamp on the wire, Date where only milliseconds matter.
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';

const MICROS_A_SECOND = 1_000_000n;
/** Of google.protobuf.Timestamp: the years 1 to 9999. */
const SECONDS_MIN = -62_135_596_800n;
export const SECONDS_MAX = 253_402_300_799n;
const NANOS_MAX = 999_999_999;

export function isTimestamp({ seconds, nanos }: Timestamp): boolean {
  const isInYears = seconds >= SECONDS_MIN && seconds <= SECONDS_MAX;
  return isInYears && nanos >= 0 && nanos <= NANOS_MAX;
}

export function timestampFromMicros(micros: bigint): Timestamp {
  let seconds = micros / MICROS_A_SECOND;
  let rest = micros % MICROS_A_SECOND;
  if (rest < 0n) {
    seconds -= 1n; // nanos count forward, before 1970 too
    rest += MICROS_A_SECOND;
  }
  return { seconds, nanos: Number(rest) * 1000 };
}

/** Fractions of a microsecond are cut. */
export function microsFromTimestamp(timestamp: Timestamp): bigint {
  return timestamp.seconds * MICROS_A_SECOND + BigInt(Math.floor(timestamp.nanos / 1000));
}

export function timestampFromDate(date: Date): Timestamp {
  return timestampFromMicros(microsFromDate(date));
}

/** Fractions of a millisecond are cut. */
export function dateFromTimestamp(timestamp: Timestamp): Date {
  return new Date(Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000));
}

export function microsFromDate(date: Date): bigint {
  return BigInt(date.getTime()) * 1000n;
}

/** Now, by the machine's clock, in microseconds (their last digits are zero). */
export function nowMicros(): bigint {
  return BigInt(Date.now()) * 1000n;
}

/** ISO 8601 in UTC with six decimals, as PostgreSQL reads it; for the years 1 to 9999. */
export function isoFromMicros(micros: bigint): string {
  const { seconds, nanos } = timestampFromMicros(micros);
  const wholeSeconds = new Date(Number(seconds) * 1000).toISOString().slice(0, -'.000Z'.length);
  return `${wholeSeconds}.${String(nanos / 1000).padStart(6, '0')}Z`;
}
