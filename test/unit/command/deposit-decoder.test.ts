/** Deposits decoded by hand are ts-proto's, whatever the bytes: regular, odd, broken. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BulkDepositRequest } from '#proto/bank/v1/bulk_service.ts';
import { decodeBulkDeposit } from '../../../command-svc/deposit-decoder.ts';

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 9 }));
const wellFormed = text.map((one) => one.toWellFormed());
const item = fc.record({
  accountId: fc.oneof(fc.uuid(), wellFormed),
  amount: fc.option(
    fc.record({
      currencyCode: fc.oneof(fc.constantFrom('EUR', 'JPY', ''), wellFormed),
      minorUnits: fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.bigInt(INT64)),
    }),
    { nil: undefined },
  ),
  operationId: fc.oneof(fc.constant(''), fc.uuid(), wellFormed),
  reference: wellFormed,
  valueDate: fc.oneof(fc.constantFrom('2026-05-31', '2026-06-30', ''), wellFormed),
});
const request = fc.record({
  submissionId: wellFormed,
  deposits: fc.array(item, { maxLength: 8 }),
  firstItemIndex: fc.option(fc.bigInt(INT64), { nil: undefined }),
  options: fc.option(fc.record({ leaveOpen: fc.boolean() }), { nil: undefined }),
});

type Answer = { message: unknown } | { error: string };

function answerOf(decode: (bytes: Buffer) => unknown, bytes: Buffer): Answer {
  try {
    return { message: decode(bytes) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

const byHand = (bytes: Buffer): Answer => answerOf(decodeBulkDeposit, bytes);
const byTsProto = (bytes: Buffer): Answer =>
  answerOf((given) => BulkDepositRequest.decode(given), bytes);

describe('a BulkDepositRequest decoded by hand', () => {
  it("is ts-proto's", () => {
    fc.assert(
      fc.property(request, (given) => {
        const bytes = Buffer.from(
          BulkDepositRequest.encode(BulkDepositRequest.fromPartial(given)).finish(),
        );
        expect(byHand(bytes)).toEqual({ message: BulkDepositRequest.decode(bytes) });
      }),
      { numRuns: 1000 },
    );
  });

  it("is ts-proto's when bytes are changed, cut or added", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(2) });
    fc.assert(
      fc.property(request, change, (given, { at, byte, kind }) => {
        const plain = BulkDepositRequest.encode(BulkDepositRequest.fromPartial(given)).finish();
        const place = plain.length === 0 ? 0 : at % plain.length;
        const rest = plain.subarray(kind === 0 ? place + 1 : place);
        const bytes = Buffer.concat([
          plain.subarray(0, place),
          Uint8Array.of(byte),
          kind === 2 ? new Uint8Array() : rest,
        ]);
        expect(byHand(bytes)).toEqual(byTsProto(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it("is ts-proto's for a date of broken bytes after one that reads alike", () => {
    const date = '\u00e9123456789'; // ten characters, eleven bytes
    const message = (valueDate: Buffer): Buffer => {
      const item = Buffer.concat([Uint8Array.of(42, valueDate.length), valueDate]);
      return Buffer.concat([Uint8Array.of(18, item.length), item]);
    };
    for (const bytes of [message(Buffer.from(date)), message(Buffer.from(date, 'latin1'))]) {
      expect(byHand(bytes)).toEqual(byTsProto(bytes));
    }
  });

  it("is ts-proto's for options that hold a field beyond their own end", () => {
    const options = Uint8Array.of(34, 2, 26, 4); // its field of 4 bytes reaches over what follows
    const deposit = Uint8Array.of(18, 0);
    const bytes = Buffer.concat([options, deposit, deposit, deposit]);
    expect(byHand(bytes)).toEqual(byTsProto(bytes));
  });

  it("is ts-proto's for any bytes", () => {
    const tag = fc.constantFrom(10, 18, 24, 34, 26, 42, 16, 8, 0, 4);
    const bytes = fc.array(fc.oneof(tag, fc.nat(255)), { maxLength: 40 });
    fc.assert(
      fc.property(bytes, (list) => {
        const given = Buffer.from(list);
        expect(byHand(given)).toEqual(byTsProto(given));
      }),
      { numRuns: 5000 },
    );
  });
});
