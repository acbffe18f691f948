/**
 * The row of a file as an item of the contract. What cannot be written as one (no amount, a
 * currency that does not exist) makes its line malformed; whether the item is allowed is the
 * bank's to say. Amounts are read digit by digit, never by floating point.
 */
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import { minorUnitsOf } from '../money.ts';
import { RowError, type Row } from './bulk-layout.ts';

export const BULK_KINDS = ['deposits', 'accounts'] as const;
export type BulkKind = (typeof BULK_KINDS)[number];

export const KIND_FIELDS = {
  deposits: ['account_id', 'amount', 'currency', 'operation_id', 'reference', 'value_date'],
  accounts: ['account_id', 'currency', 'owner', 'overdraft_limit', 'operation_id', 'labels'],
} as const satisfies Record<BulkKind, readonly string[]>;

export const KIND_REQUIRED = {
  deposits: ['account_id', 'amount'],
  accounts: ['account_id'],
} as const satisfies Record<BulkKind, readonly string[]>;

export type AmountReading = {
  /** Of amounts that name none. */
  readonly currency: string;
  /** 1.234,50 rather than 1234.50. */
  readonly decimalComma: boolean;
};

/** Throws RowError when the row says no item. */
export type ReadItem<Item> = (row: Row) => Item;

export function depositReader(reading: AmountReading): ReadItem<DepositItem> {
  return (row) => ({
    accountId: required(row, 'account_id'),
    amount: moneyOf(required(row, 'amount'), row.text('currency').trim(), reading),
    operationId: row.text('operation_id').trim(),
    reference: row.text('reference'),
    valueDate: row.text('value_date').trim(),
  });
}

export function accountReader(reading: AmountReading): ReadItem<OpenAccountRequest> {
  return (row) => {
    const currencyCode = row.text('currency').trim() || reading.currency;
    if (currencyCode === '') throw new RowError('currency is empty: see --currency');
    const limit = row.text('overdraft_limit').trim();
    return {
      accountId: required(row, 'account_id'),
      currencyCode,
      owner: row.text('owner'),
      overdraftLimit: limit === '' ? undefined : moneyOf(limit, currencyCode, reading),
      labels: row.labels(),
      operationId: row.text('operation_id').trim(),
      validateOnly: false,
    };
  };
}

function required(row: Row, field: string): string {
  const value = row.text(field).trim();
  if (value === '') throw new RowError(`${field} is empty`);
  return value;
}

/** `12.50`, or `12.50 EUR`, which must not contradict the currency of its column. */
function moneyOf(text: string, column: string, { decimalComma, currency }: AmountReading): Money {
  const space = text.lastIndexOf(' ');
  const named = space < 0 ? '' : text.slice(space + 1);
  const amount = space < 0 ? text : text.slice(0, space).trim();
  if (named !== '' && column !== '' && named !== column) {
    throw new RowError(`amount "${text}" is not in ${column}`);
  }
  const currencyCode = named || column || currency;
  if (currencyCode === '') throw new RowError(`amount "${text}" has no currency: see --currency`);
  const minorUnits = minorUnitsOf(decimalComma ? withPoint(amount) : amount, currencyCode);
  if (typeof minorUnits === 'string') throw new RowError(minorUnits);
  return { currencyCode, minorUnits };
}

function withPoint(amount: string): string {
  if (!/^-?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$/.test(amount)) {
    throw new RowError(`amount "${amount}" is no number with a decimal comma, as 1.234,50`);
  }
  return amount.replaceAll('.', '').replace(',', '.');
}
