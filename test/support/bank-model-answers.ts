/**
 * What the service says to a command, in the model's terms, and as text: what it says and what the
 * model expects are compared as the lines that a person reads.
 */
import { status } from '@grpc/grpc-js';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { microsFromTimestamp } from '#platform/timestamps.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import type { Answer, Told } from '#test/support/bank-model.ts';
import type { Names } from '#test/support/bank-model-names.ts';
import type { CommandAnswer } from '#test/support/command-calls.ts';
import { isServiceError } from '#test/support/intake-replica.ts';

export type Refused = { readonly code: status; readonly reason: string; readonly item: string };
export type Said<T> = { readonly answer: T } | { readonly refused: Refused };

/** The code of each reason, by the table in the contract. */
const CODES = new Map<string, status>([
  ['INVALID_ARGUMENT', status.INVALID_ARGUMENT],
  ['INVALID_ITEM', status.INVALID_ARGUMENT],
  ...codes(status.NOT_FOUND, 'ACCOUNT_NOT_FOUND', 'HOLD_NOT_FOUND', 'OPERATION_NOT_FOUND'),
  ...codes(status.ALREADY_EXISTS, 'ACCOUNT_EXISTS', 'HOLD_EXISTS', 'OPERATION_ID_REUSED'),
  ...codes(status.FAILED_PRECONDITION, 'INSUFFICIENT_FUNDS', 'ACCOUNT_FROZEN', 'ACCOUNT_CLOSED'),
  ...codes(status.FAILED_PRECONDITION, 'CURRENCY_MISMATCH', 'HOLD_EXPIRED', 'BALANCE_NOT_ZERO'),
  ...codes(status.FAILED_PRECONDITION, 'ALREADY_REVERSED', 'SUBMISSION_CLOSED'),
  ...codes(status.OUT_OF_RANGE, 'BALANCE_OVERFLOW'),
  ...codes(status.ABORTED, 'VERSION_MISMATCH'),
]);

function codes(code: status, ...reasons: string[]): [string, status][] {
  return reasons.map((reason) => [reason, code]);
}

/** How a refusal for this reason looks; `item`: of an atomic batch, the index. */
export const refusal = (reason: string, item = ''): Refused => {
  return { code: CODES.get(reason) ?? status.UNKNOWN, reason, item };
};

export async function saidOf<T>(call: Promise<T>): Promise<Said<T>> {
  try {
    return { answer: await call };
  } catch (error) {
    if (!isServiceError(error)) throw error;
    const details = decodeStatusDetails(error.metadata);
    const isMalformed = error.code === status.INVALID_ARGUMENT;
    const reason = details?.reason ?? (isMalformed ? 'INVALID_ARGUMENT' : error.details);
    const item = details?.metadata['item_index'] ?? '';
    return { refused: { code: error.code, reason, item } };
  }
}

export function answerOf(said: CommandAnswer): Answer {
  const { receipt, destinationReceipt, sweepReceipt, counterpartReceipt, hold } = said;
  const other = destinationReceipt ?? sweepReceipt ?? counterpartReceipt;
  return {
    receipt: toldBy(receipt),
    other: other && toldBy(other),
    left: hold?.remaining?.minorUnits,
  };
}

export function toldBy(receipt: CommandReceipt | undefined): Told {
  if (receipt === undefined) throw new Error('an answer without a receipt');
  const { accountId, operationId, version, balance, available, replayed, storedAt } = receipt;
  return {
    accountId,
    operationId,
    currency: balance?.currencyCode ?? '',
    version,
    balance: balance?.minorUnits ?? 0n,
    available: available?.minorUnits ?? 0n,
    replayed,
    storedAt: storedAt && microsFromTimestamp(storedAt),
  };
}

export function refusalText({ code, reason, item }: Refused): string {
  return `${status[code]} ${reason}${item === '' ? '' : ` of item ${item}`}`;
}

export function answerText({ receipt, other, left }: Answer, names: Names): string {
  const texts = [toldText(receipt, names)];
  if (other !== undefined) texts.push(toldText(other, names));
  if (left !== undefined) texts.push(`hold ${left}`);
  return texts.join('; ');
}

/** After what was executed before. `@` and the time stand before it, and are not shown. */
export const AGAIN = ', as before';

export function toldText(told: Told, { nameOf }: Names): string {
  const { accountId, operationId, version, balance, available, currency, storedAt } = told;
  const operation = operationId === '' ? '' : ` by ${nameOf(operationId)}`;
  const sums = `balance ${balance}, available ${available} ${currency}`;
  const when = storedAt === undefined ? ', a trial' : `@${storedAt}`;
  const again = told.replayed ? AGAIN : '';
  return `${nameOf(accountId)} v${version}${operation}: ${sums}${when}${again}`;
}
