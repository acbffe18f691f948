/**
 * How numbers, money, times and states are written on the pages: grouped, with their unit, in UTC.
 * What is not known is a dash.
 */
import { currencyDecimals } from '#platform/currencies.ts';
import { dateFromTimestamp } from '#platform/timestamps.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import { html, type Content, type Html } from './html.ts';

export { amount } from '#client/cli/amounts.ts';

const UNKNOWN = '-';
const MS_SHOWN_MAX = 1_000n;
const MS_A_SECOND = 1_000;
const DECIMALS_DEFAULT = 2;

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function count(value: bigint | number | undefined): string {
  return value === undefined ? UNKNOWN : GROUPED.format(value);
}

export function duration(ms: bigint | undefined): string {
  if (ms === undefined) return UNKNOWN;
  return ms < MS_SHOWN_MAX ? `${ms} ms` : `${(Number(ms) / MS_A_SECOND).toFixed(1)} s`;
}

/** 1,250.00 EUR, in whole numbers all the way. */
export function money(value: Money | undefined): string {
  if (value === undefined) return UNKNOWN;
  const { currencyCode, minorUnits } = value;
  const decimals = currencyDecimals(currencyCode) ?? DECIMALS_DEFAULT;
  const unit = 10n ** BigInt(decimals);
  const size = minorUnits < 0n ? -minorUnits : minorUnits;
  const fraction = decimals === 0 ? '' : `.${String(size % unit).padStart(decimals, '0')}`;
  return `${minorUnits < 0n ? '-' : ''}${count(size / unit)}${fraction} ${currencyCode}`;
}

/** One a line. */
export function moneys(values: readonly Money[]): Content {
  if (values.length === 0) return UNKNOWN;
  return values.map((value) => html`<span class="sum">${money(value)}</span>`);
}

/** 2026-11-28 22:31:05, in UTC. */
export function time(value: Timestamp | undefined): Content {
  if (value === undefined) return UNKNOWN;
  const iso = dateFromTimestamp(value).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
}

/** ACCOUNT_STATUS_OPEN is open, DEBIT_HOLD debit hold. */
export function word(name: string | undefined, prefix = ''): string {
  const bare = name === undefined ? '' : name.replace(prefix, '');
  return bare === '' ? UNKNOWN : bare.toLowerCase().replaceAll('_', ' ');
}

export type Tone = 'good' | 'poor' | 'bad' | 'calm';

/** A state in a word, never told by its colour alone. */
export function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}
