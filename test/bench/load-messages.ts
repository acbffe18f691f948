/**
 * The messages of a load, encoded once before anything is timed. A message's bytes are those of its
 * items; the submission's id is put before them when it is sent (fields of a protobuf message may
 * come in any order). No message names its first index, so the same bytes may be sent again and
 * again: a service counts on from the message before.
 */
import { randomUUID } from 'node:crypto';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import {
  BulkDepositRequest,
  BulkOpenAccountsRequest,
  BulkSubmitRequest,
} from '#proto/bank/v1/bulk_service.ts';
import type { DeepPartial, Operation } from '#proto/bank/v1/operation.ts';
import type { Spread } from './account-ids.ts';

export type LoadMessage = {
  readonly items: number;
  /** Sum over the items. */
  readonly amountMinor: bigint;
  readonly body: Buffer;
};

export const CURRENCY = 'EUR';
const REFERENCE = 'salary 11/26'; // what a payroll's line carries
const AMOUNT_MINOR_MIN = 100n;
const AMOUNT_MINOR_SPAN = 400_000n;
const AMOUNT_STEP = 7_919n;

export function depositMessages(spread: Spread, items: number, perMessage: number): LoadMessage[] {
  return messagesOf(items, perMessage, (count, from) => {
    let amountMinor = 0n;
    const deposits = Array.from({ length: count }, (_, index) => {
      const minorUnits = amountOf(from + index);
      amountMinor += minorUnits;
      const amount = { currencyCode: CURRENCY, minorUnits };
      return { accountId: spread(), amount, operationId: '', reference: REFERENCE, valueDate: '' };
    });
    const message = { submissionId: '', deposits, firstItemIndex: undefined, options: undefined };
    return { items: count, amountMinor, body: Buffer.from(encodeDeposits(message)) };
  });
}

export function openAccountMessages(ids: readonly string[], perMessage: number): LoadMessage[] {
  return messagesOf(ids.length, perMessage, (count, from) => {
    const accounts = ids.slice(from, from + count).map((accountId) =>
      OpenAccountRequest.fromPartial({
        accountId,
        currencyCode: CURRENCY,
        owner: `Owner ${accountId.slice(0, 8)}`,
      }),
    );
    const message = { submissionId: '', accounts, firstItemIndex: undefined, options: undefined };
    const body = Buffer.from(BulkOpenAccountsRequest.encode(message).finish());
    return { items: count, amountMinor: 0n, body };
  });
}

/** Transfers of the least amount, each between two accounts of the spread. */
export function transferMessages(spread: Spread, items: number, perMessage: number): LoadMessage[] {
  const amount = { currencyCode: CURRENCY, minorUnits: 1n };
  const transfer = (): DeepPartial<Operation> => {
    const sourceAccountId = spread();
    let destinationAccountId = spread();
    while (destinationAccountId === sourceAccountId) destinationAccountId = spread();
    const value = { sourceAccountId, destinationAccountId, amount, reference: REFERENCE };
    return { command: { $case: 'transfer', value } };
  };
  return messagesOf(items, perMessage, (count) =>
    operationMessage(Array.from({ length: count }, transfer), 0n),
  );
}

/** Holds of the least amount, each captured whole by the next command. */
export function holdMessages(spread: Spread, items: number, perMessage: number): LoadMessage[] {
  const amount = { currencyCode: CURRENCY, minorUnits: 1n };
  return messagesOf(items, perMessage, (count) => {
    const operations = Array.from({ length: count / 2 }, (): DeepPartial<Operation>[] => {
      const ids = { accountId: spread(), holdId: randomUUID() };
      return [
        { command: { $case: 'placeHold', value: { ...ids, amount } } },
        { command: { $case: 'captureHold', value: ids } },
      ];
    });
    return operationMessage(operations.flat(), -BigInt(count / 2));
  });
}

function operationMessage(
  operations: readonly DeepPartial<Operation>[],
  amountMinor: bigint,
): LoadMessage {
  const message = BulkSubmitRequest.fromPartial({ operations: [...operations] });
  const body = Buffer.from(BulkSubmitRequest.encode(message).finish());
  return { items: operations.length, amountMinor, body };
}

/** Whole messages, from the first again when they are used up, until there are `items` items. */
export function* repeated(
  messages: readonly LoadMessage[],
  items: number,
): Generator<LoadMessage, void, void> {
  for (let sent = 0, at = 0; sent < items; at++) {
    const message = messages[at % messages.length];
    if (message === undefined) throw new RangeError('a load needs messages');
    yield message;
    sent += message.items;
  }
}

/** The field that names the submission: it goes before each message's body. */
export function submissionField(submissionId: string): Buffer {
  const message = { submissionId, deposits: [], firstItemIndex: undefined, options: undefined };
  return Buffer.from(encodeDeposits(message));
}

function encodeDeposits(message: BulkDepositRequest): Uint8Array {
  return BulkDepositRequest.encode(message).finish();
}

function amountOf(index: number): bigint {
  return AMOUNT_MINOR_MIN + ((BigInt(index) * AMOUNT_STEP) % AMOUNT_MINOR_SPAN);
}

function messagesOf(
  items: number,
  perMessage: number,
  encode: (count: number, from: number) => LoadMessage,
): LoadMessage[] {
  const messages: LoadMessage[] = [];
  for (let from = 0; from < items; from += perMessage) {
    messages.push(encode(Math.min(perMessage, items - from), from));
  }
  return messages;
}
