/**
 * What one line of a payroll means, by the contract's words alone: a deposit with the rules that it
 * breaks, or a line that is no deposit at all. Shares no code with the services or the client; the
 * table of currencies is ISO's.
 */
import currencyCodes from 'currency-codes';
import { lineFields } from './file-lines.ts';

export type ExpectedDeposit = {
  /** In lower case where it is well-formed. */
  readonly accountId: string;
  readonly currencyCode: string;
  readonly minorUnits: bigint;
  /** In lower case; empty for none. */
  readonly operationId: string;
  readonly reference: string;
  readonly valueDate: string;
  /** As the file has them. */
  readonly accountText: string;
  readonly operationText: string;
  /** Paths of the fields that break a rule: any makes it INVALID_ITEM. */
  readonly brokenFields: readonly string[];
};

const LINE_MAX = 16_384;
const TEXT_MAX = 140;
const INT64_MAX = 9_223_372_036_854_775_807n;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Added to the list by ISO's amendments 175 to 177. */
const LATER_CODES: readonly (readonly [string, number])[] = [
  ['XCG', 2],
  ['ZWG', 2],
];
/** Codes of the list that are no money of a country: ISO gives them no minor unit. */
const NO_MONEY = /^X(AG|AU|BA|BB|BC|BD|DR|PD|PT|SU|TS|UA|XX)$/;

const decimalsByCode = new Map<string, number>(LATER_CODES);
for (const { code, digits } of currencyCodes.data) {
  if (!NO_MONEY.test(code)) decimalsByCode.set(code, digits);
}

/** Undefined: the line is no deposit, and takes no index. */
export function expectedDeposit(
  header: readonly string[],
  line: string,
): ExpectedDeposit | undefined {
  const fields = line.length > LINE_MAX ? undefined : lineFields(line);
  if (fields === undefined || fields.length !== header.length) return undefined;
  const column = (name: string) => fields[header.indexOf(name)] ?? '';
  const [accountText, operationText] = [column('account_id'), column('operation_id')];
  const currencyCode = column('currency');
  const minorUnits = minorUnitsOf(column('amount'), decimalsByCode.get(currencyCode));
  if (minorUnits === undefined) return undefined;
  const [reference, valueDate] = [column('reference'), column('value_date')];
  const broken: string[] = [];
  if (!UUID.test(accountText)) broken.push('account_id');
  if (minorUnits <= 0n) broken.push('amount.minor_units');
  if (operationText !== '' && !UUID.test(operationText)) broken.push('operation_id');
  if ([...reference].length > TEXT_MAX || reference.includes('\0')) broken.push('reference');
  if (valueDate !== '' && !isDate(valueDate)) broken.push('value_date');
  return {
    accountId: accountText.toLowerCase(),
    currencyCode,
    minorUnits,
    operationId: operationText.toLowerCase(),
    reference,
    valueDate,
    accountText,
    operationText,
    brokenFields: broken,
  };
}

/** Digits, maybe a point and at most so many digits more; a minus sign may stand before. */
function minorUnitsOf(amount: string, decimals: number | undefined): bigint | undefined {
  if (decimals === undefined) return undefined;
  const isNegative = amount.startsWith('-');
  const parts = (isNegative ? amount.slice(1) : amount).split('.');
  const [whole = '', fraction] = parts;
  if (parts.length > 2 || !/^[0-9]{1,19}$/.test(whole)) return undefined;
  if (fraction !== undefined && !/^[0-9]+$/.test(fraction)) return undefined;
  if ((fraction ?? '').length > decimals) return undefined;
  const missing = decimals - (fraction ?? '').length;
  const minorUnits = BigInt(whole + (fraction ?? '')) * 10n ** BigInt(missing);
  if (minorUnits > INT64_MAX) return undefined;
  return isNegative ? -minorUnits : minorUnits;
}

/** A file names few days. */
let lastDate = '';

function isDate(text: string): boolean {
  if (text === lastDate) return true;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text.startsWith('0000')) return false;
  const date = new Date(`${text}T00:00:00Z`);
  const isReal = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  if (isReal) lastDate = text;
  return isReal;
}
