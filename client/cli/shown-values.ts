/** Values of the contract as text: for people in tables, and as they are in CSV. */
import { isoFromMicros, microsFromTimestamp } from '#platform/timestamps.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import { formatMoney } from '../money.ts';

/** 1,250.00 EUR; empty where there is none. */
export function shownMoney(money: Money | undefined): string {
  return money === undefined ? '' : formatMoney(money, true);
}

export function minorUnits(money: Money | undefined): string {
  return String(money?.minorUnits ?? 0n);
}

/** To the second, in UTC. */
export function shownTime(time: Timestamp | undefined): string {
  return time === undefined ? '' : `${exactTime(time).slice(0, -'.000000Z'.length)}Z`;
}

/** To the microsecond. */
export function exactTime(time: Timestamp | undefined): string {
  return time === undefined ? '' : isoFromMicros(microsFromTimestamp(time));
}

/** ENTRY_TYPE_MONEY_DEPOSITED of ENTRY_TYPE_: money deposited. */
export function shownName(name: string, prefix: string): string {
  return name.replace(prefix, '').replaceAll('_', ' ').toLowerCase();
}

/** Empty for 0, which says that there is none. */
export function shownNumber(value: bigint | undefined): string {
  return value === undefined || value === 0n ? '' : String(value);
}

/** As it is typed: 60s. */
export function shownDuration(ms: number): string {
  return `${ms / 1000}s`;
}
