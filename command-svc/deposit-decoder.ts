/**
 * A BulkDepositRequest from the wire, by hand, since its items come in thousands a message. Only
 * what almost every message is made of is read here (known fields, amounts from 0 to 2^49); a
 * message with anything else is ts-proto's as a whole. A test holds the two equal, for regular, odd
 * and broken bytes.
 */
import { BulkDepositRequest, type DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { Money } from '#proto/bank/v1/money.ts';

/** Throws what ts-proto throws for bytes that are no such message. */
export function decodeBulkDeposit(bytes: Buffer): BulkDepositRequest {
  const deposits: DepositItem[] = [];
  const others: Uint8Array[] = [];
  const wire: Wire = { bytes, at: 0, end: bytes.length };
  while (wire.at < wire.end) {
    const start = wire.at;
    const tag = bytes[wire.at++];
    const end = tag === TAG.firstItemIndex ? varintEnd(wire) : lengthEnd(wire, tag);
    if (end === undefined) return BulkDepositRequest.decode(bytes);
    if (tag === TAG.deposits) {
      const item = readItem({ bytes, at: wire.at, end });
      if (item === undefined) return BulkDepositRequest.decode(bytes);
      deposits.push(item);
    } else {
      others.push(bytes.subarray(start, end));
    }
    wire.at = end;
  }
  return { ...BulkDepositRequest.decode(Buffer.concat(others)), deposits };
}

type Wire = { readonly bytes: Buffer; at: number; end: number };

/**
 * Field number and wire type, as one byte. Options stand in a stream's first message only, and
 * whoever writes a field of theirs beyond their end has it read over what follows.
 */
const TAG = { submissionId: 10, deposits: 18, firstItemIndex: 24 } as const;
const ITEM = { accountId: 10, amount: 18, operationId: 26, reference: 34, valueDate: 42 } as const;
const MONEY = { currencyCode: 10, minorUnits: 16 } as const;

/**
 * Reads the length of a field of the message and answers where it ends; undefined for what is not
 * read here.
 */
function lengthEnd(wire: Wire, tag: number | undefined): number | undefined {
  if (tag !== TAG.submissionId && tag !== TAG.deposits) return undefined;
  return fieldEnd(wire);
}

function fieldEnd(wire: Wire): number | undefined {
  const length = readNumber(wire);
  if (length === undefined || wire.at + length > wire.end) return undefined;
  return wire.at + length;
}

function varintEnd({ bytes, at, end }: Wire): number | undefined {
  for (let place = at; place < end; place++) {
    if ((bytes[place] ?? 0) < 128) return place + 1;
  }
  return undefined;
}

/** A varint of seven bytes at most; undefined for a longer one, or one that does not end. */
function readNumber(wire: Wire): number | undefined {
  const { bytes, end } = wire;
  let value = 0;
  let unit = 1;
  for (let i = 0; i < 7 && wire.at < end; i++) {
    const byte = bytes[wire.at++] ?? 0;
    value += (byte & 0x7f) * unit;
    if (byte < 128) return value;
    unit *= 128;
  }
  return undefined;
}

function readItem(wire: Wire): DepositItem | undefined {
  const item: DepositItem = {
    accountId: '',
    amount: undefined,
    operationId: '',
    reference: '',
    valueDate: '',
  };
  while (wire.at < wire.end) {
    const tag = wire.bytes[wire.at++];
    const end = fieldEnd(wire);
    if (end === undefined) return undefined;
    if (tag === ITEM.amount) {
      item.amount = readMoney(wire, end);
      if (item.amount === undefined) return undefined;
    } else {
      const text = tag === ITEM.valueDate ? readDate(wire, end) : readText(wire, end);
      if (tag === ITEM.accountId) item.accountId = text;
      else if (tag === ITEM.reference) item.reference = text;
      else if (tag === ITEM.valueDate) item.valueDate = text;
      else if (tag === ITEM.operationId) item.operationId = text;
      else return undefined;
    }
    wire.at = end;
  }
  return item;
}

function readMoney({ bytes, at }: Wire, end: number): Money | undefined {
  const wire: Wire = { bytes, at, end };
  const money: Money = { currencyCode: '', minorUnits: 0n };
  while (wire.at < end) {
    const tag = bytes[wire.at++];
    if (tag === MONEY.minorUnits) {
      const number = readNumber(wire);
      if (number === undefined) return undefined;
      money.minorUnits = BigInt(number);
    } else {
      const textEnd = tag === MONEY.currencyCode ? fieldEnd(wire) : undefined;
      if (textEnd === undefined) return undefined;
      money.currencyCode = readCurrency(wire, textEnd);
      wire.at = textEnd;
    }
  }
  return money;
}

function readText({ bytes, at }: Wire, end: number): string {
  for (let place = at; place < end; place++) {
    if ((bytes[place] ?? 0) > 127) return bytes.toString('utf8', at, end);
  }
  return bytes.toString('latin1', at, end);
}

/** Items of a message share their date and mostly their currency: the text is made once a run. */
let lastDate = '';
let lastCurrency = '';

function readDate(wire: Wire, end: number): string {
  if (isText(wire, end, lastDate)) return lastDate;
  const text = readText(wire, end);
  if (text.length === 10 && end - wire.at === 10) lastDate = text; // a byte a character
  return text;
}

function readCurrency(wire: Wire, end: number): string {
  if (isText(wire, end, lastCurrency)) return lastCurrency;
  const text = readText(wire, end);
  if (text.length === 3 && end - wire.at === 3) lastCurrency = text;
  return text;
}

function isText({ bytes, at }: Wire, end: number, text: string): boolean {
  if (end - at !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
