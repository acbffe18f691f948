/**
 * Items are counted as ts-proto decodes what a library has written; other bytes end the count,
 * never the process.
 */
import { describe, expect, it } from 'vitest';
import {
  BulkDepositRequest,
  BulkOpenAccountsRequest,
  BulkSubmitRequest,
} from '#proto/bank/v1/bulk_service.ts';
import { countItems } from '../../../command-svc/count-items.ts';
import { depositing } from '#test/support/operations.ts';

const more = { submissionId: 's', firstItemIndex: 1n << 60n, options: { leaveOpen: true } };
const count = (bytes: Uint8Array): number => countItems({ bytes: Buffer.from(bytes) });

describe('items of a message', () => {
  it.each([0, 1, 3, 300])('are %i, whatever their kind is', (items) => {
    const of = <T>(item: T): T[] => Array.from({ length: items }, () => item);
    const operations = of(depositing('a'.repeat(200), 5));
    const deposits = of({ accountId: 'a', reference: 'r' });
    const accounts = of({ accountId: 'a', labels: { k: 'v' } });
    const submit = BulkSubmitRequest.fromPartial({ ...more, operations });
    const deposit = BulkDepositRequest.fromPartial({ ...more, deposits });
    const open = BulkOpenAccountsRequest.fromPartial({ ...more, accounts });
    expect(count(BulkSubmitRequest.encode(submit).finish())).toBe(items);
    expect(count(BulkDepositRequest.encode(deposit).finish())).toBe(items);
    expect(count(BulkOpenAccountsRequest.encode(open).finish())).toBe(items);
  });

  it('are counted between fields that this version does not know', () => {
    const fixed64 = [(15 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8];
    const fixed32 = [(14 << 3) | 5, 1, 2, 3, 4];
    const item = [(2 << 3) | 2, 1, 0];
    expect(count(Uint8Array.from([...fixed64, ...item, ...fixed32, ...item]))).toBe(2);
  });

  it.each([
    ['a length beyond the end', [18, 255, 255, 3, 0], 1],
    ['a group', [18, 0, 11, 18, 0], 1],
    ['a tag that does not end', [18, 0, 255, 255], 1],
    ['a number that does not end', [24, ...Array<number>(30).fill(255)], 0],
  ])('are counted up to %s', (_what, bytes, expected) => {
    expect(count(Uint8Array.from(bytes))).toBe(expected);
  });

  it('are none in a message that was too large to keep', () => {
    expect(countItems({ bytes: undefined })).toBe(0);
  });
});
