/**
 * An amount as people type it, in one argument or two (`12.50 EUR`), in whole minor units. What is
 * wrong with it is said with what to type instead.
 */
import { isCurrencyCode } from '#platform/currencies.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import { AmountError, money } from '../money.ts';
import { CommandError } from './command-context.ts';

export type AmountRule = { readonly zeroAllowed?: boolean };

/** `name`: what it is called in the help. */
export function amountArgument(
  name: string,
  parts: readonly (string | undefined)[],
  { zeroAllowed = false }: AmountRule = {},
): Money {
  const text = parts.filter((part) => part !== undefined).join(' ');
  const read = readMoney(name, text);
  if (read.minorUnits > 0n || (zeroAllowed && read.minorUnits === 0n)) return read;
  throw new CommandError(`${name}: "${text}" must be ${zeroAllowed ? '0 or more' : 'above 0'}.`);
}

function readMoney(name: string, text: string): Money {
  try {
    return money(text);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    const what = error.message.replace(/^amount (?=")/, '');
    throw new CommandError(`${name}: ${what}.${hint(text)}`, undefined, error);
  }
}

function hint(text: string): string {
  const [amount = '', currency = ''] = text.trim().split(/\s+/);
  if (/^-?\d+,\d{1,2}$/.test(amount)) return ` Write a point: ${amount.replace(',', '.')}.`;
  if (/^\d{1,3}([,']\d{3})+(\.\d+)?$/.test(amount)) {
    return ` Write it without separators: ${amount.replaceAll(/[,']/g, '')}.`;
  }
  const capitals = currency.toUpperCase();
  if (capitals !== currency && isCurrencyCode(capitals)) return ` Write ${capitals}.`;
  return '';
}
