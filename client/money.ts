/**
 * Amounts as people write them, `12.50 EUR`, and as the contract carries them, whole minor units.
 * Nothing is rounded and no floating-point number is made on the way.
 */
import { currencyDecimals } from '#platform/currencies.ts';
import type { Money } from '#proto/bank/v1/money.ts';

const MINOR_UNITS_MAX = 2n ** 63n - 1n;
const GROUP_DIGITS = 3;

/** An amount that cannot be read as money; its message says why, for whoever wrote it. */
export class AmountError extends Error {
  override readonly name = 'AmountError';
}

/** Money of a text: the amount with a point, a space, the ISO 4217 code. Throws AmountError. */
export function money(text: string): Money {
  const match = /^\s*(\S+)\s+(\S+)\s*$/.exec(text);
  if (match === null) throw new AmountError(`"${text}" is no amount: write it as "12.50 EUR"`);
  const [, amount = '', currencyCode = ''] = match;
  const minorUnits = minorUnitsOf(amount, currencyCode);
  if (typeof minorUnits === 'string') throw new AmountError(minorUnits);
  return { currencyCode, minorUnits };
}

/** A decimal amount in whole minor units, or the sentence why it is none. */
export function minorUnitsOf(amount: string, currencyCode: string): bigint | string {
  const decimals = currencyDecimals(currencyCode);
  if (decimals === undefined) return `currency "${currencyCode}" is no ISO 4217 code`;
  const match = /^(-?)(\d{1,19})(?:\.(\d+))?$/.exec(amount);
  if (match === null) return `amount "${amount}" is no decimal number`;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > decimals) {
    return `amount "${amount}" has more than the ${decimals} decimals of ${currencyCode}`;
  }
  const minorUnits = BigInt(`${whole}${fraction.padEnd(decimals, '0')}`);
  if (minorUnits > MINOR_UNITS_MAX) return `amount "${amount}" does not fit 64 bits`;
  return sign === '' ? minorUnits : -minorUnits;
}

/** `1250.00 EUR`: what money() reads. `groups`: `1,250.00 EUR`, for people alone. */
export function formatMoney({ minorUnits, currencyCode }: Money, groups = false): string {
  return `${formatMinorUnits(minorUnits, currencyCode, groups)} ${currencyCode}`;
}

/** The amount alone. A currency that this client does not know is shown in minor units. */
export function formatMinorUnits(minorUnits: bigint, currencyCode: string, groups = false): string {
  const decimals = currencyDecimals(currencyCode) ?? 0;
  const sign = minorUnits < 0n ? '-' : '';
  const digits = String(minorUnits < 0n ? -minorUnits : minorUnits).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals);
  return `${sign}${groups ? grouped(whole) : whole}${decimals === 0 ? '' : `.${fraction}`}`;
}

function grouped(digits: string): string {
  const head = digits.length % GROUP_DIGITS;
  const groups = digits.slice(head).match(/\d{3}/g) ?? [];
  return [...(head === 0 ? [] : [digits.slice(0, head)]), ...groups].join(',');
}
