/**
 * A payroll file as deposits: the first step of a file's way, before anything is sent. CSV with a
 * header that names account_id, amount and currency, and may name operation_id, reference and
 * value_date, in any order. A line that cannot be turned into a deposit (fields missing, an amount
 * that its currency cannot hold) takes no index and is reported by its number; whether the deposit
 * is allowed is the service's to say. The same file gives the same indexes every time: a broken
 * upload is resumed by reading again.
 */
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { csvFields, LINE_CHARACTERS_MAX, readLines } from './csv-lines.ts';
import { minorUnitsOf } from './money.ts';

const ERROR_TEXT_CHARACTERS = 100;
const REQUIRED = ['account_id', 'amount', 'currency'] as const;
const OPTIONAL = ['operation_id', 'reference', 'value_date'] as const;

type ColumnName = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number];
export type PayrollColumns = {
  readonly count: number;
  readonly at: ReadonlyMap<ColumnName, number>;
};

export type LineError = {
  /** Counted from 1, the header included. */
  readonly line: number;
  readonly message: string;
  /** The line's beginning. */
  readonly text: string;
};

export type PayrollChunk = {
  readonly deposits: DepositItem[];
  /** The line of each deposit. */
  readonly lines: number[];
  readonly errors: LineError[];
};

/** The file has no header, or not the one that this format asks for. */
export class PayrollFormatError extends Error {
  override readonly name = 'PayrollFormatError';
}

/**
 * The file from its beginning, a chunk for each read. Throws PayrollFormatError before the first
 * chunk.
 */
export async function* readPayroll(path: string): AsyncGenerator<PayrollChunk, void, void> {
  let columns: PayrollColumns | undefined;
  for await (const { firstLine, lines } of readLines(path)) {
    const chunk: PayrollChunk = { deposits: [], lines: [], errors: [] };
    lines.forEach((text, place) => {
      if (columns === undefined) columns = parseHeader(text);
      else addLine(chunk, columns, firstLine + place, text);
    });
    yield chunk;
  }
  if (columns === undefined) throw new PayrollFormatError(`${path} is empty`);
}

export function parseHeader(text: string): PayrollColumns {
  const names = csvFields(text) ?? [];
  const at = new Map<ColumnName, number>();
  for (const name of [...REQUIRED, ...OPTIONAL]) {
    const place = names.indexOf(name);
    if (place >= 0) at.set(name, place);
  }
  const missing = REQUIRED.filter((name) => !at.has(name));
  if (missing.length > 0) {
    const seen = text.slice(0, ERROR_TEXT_CHARACTERS);
    throw new PayrollFormatError(`the header names no ${missing.join(', ')}: "${seen}"`);
  }
  return { count: names.length, at };
}

/** The deposit that a line says, or the sentence why it says none. */
export function depositOfLine(columns: PayrollColumns, text: string): DepositItem | string {
  if (text.length > LINE_CHARACTERS_MAX) return `longer than ${LINE_CHARACTERS_MAX} characters`;
  const fields = csvFields(text);
  if (fields === undefined) return 'a quote is not closed';
  if (fields.length !== columns.count) {
    return `${fields.length} fields where the header has ${columns.count}`;
  }
  const field = (name: ColumnName) => fields[columns.at.get(name) ?? fields.length] ?? '';
  const currencyCode = field('currency');
  const minorUnits = minorUnitsOf(field('amount'), currencyCode);
  if (typeof minorUnits === 'string') return minorUnits;
  return {
    accountId: field('account_id'),
    amount: { currencyCode, minorUnits },
    operationId: field('operation_id'),
    reference: field('reference'),
    valueDate: field('value_date'),
  };
}

function addLine(chunk: PayrollChunk, columns: PayrollColumns, line: number, text: string): void {
  const deposit = depositOfLine(columns, text);
  if (typeof deposit === 'string') {
    chunk.errors.push({ line, message: deposit, text: text.slice(0, ERROR_TEXT_CHARACTERS) });
  } else {
    chunk.deposits.push(deposit);
    chunk.lines.push(line);
  }
}
