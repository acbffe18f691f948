/**
 * ISO 4217: which alphabetic codes name money, and how many decimals an amount in them has. The
 * table is the package currency-codes, with the amendments that came after its list, and without
 * the codes that ISO gives no minor unit (metals, bond units, "no currency", tests): no account is
 * held in them.
 */
import currencyCodes from 'currency-codes';

/** Amendments 175 to 177: the Caribbean guilder and the Zimbabwe gold. */
const AMENDED: readonly (readonly [string, number])[] = [
  ['XCG', 2],
  ['ZWG', 2],
];

const WITHOUT_MINOR_UNIT = new Set(
  'AG AU BA BB BC BD DR PD PT SU TS UA XX'.split(' ').map((rest) => `X${rest}`),
);

const DECIMALS: ReadonlyMap<string, number> = new Map([
  ...currencyCodes.data
    .filter(({ code }) => !WITHOUT_MINOR_UNIT.has(code))
    .map(({ code, digits }): [string, number] => [code, digits]),
  ...AMENDED,
]);

/**
 * How many decimals the currency has, or undefined when the code names none. Codes are upper case.
 */
export function currencyDecimals(code: string): number | undefined {
  return DECIMALS.get(code);
}

export function isCurrencyCode(code: string): boolean {
  return DECIMALS.has(code);
}
