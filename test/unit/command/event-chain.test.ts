/** The chain of hashes: known bytes for known facts, and nothing that it does not cover. */
import { describe, expect, it } from 'vitest';
import { uuidToBytes } from '#platform/uuid.ts';
import { chainHash } from '../../../command-svc/event-chain.ts';

const ACCOUNT_ID = '11111111-1111-4111-8111-111111111111';
const RECORDED_AT = 1_700_000_000_000_000n;

describe('chainHash', () => {
  const facts = {
    accountBytes: uuidToBytes(ACCOUNT_ID),
    version: 1n,
    type: 1,
    recordedAtMicros: 5n,
    operationId: undefined,
  } as const;
  const payload = Uint8Array.from([9, 1, 2, 3, 9]);
  const hex = (hash: string): string => Buffer.from(hash, 'latin1').toString('hex');

  it('is the known one for known facts', () => {
    expect(hex(chainHash('', facts, payload, 1, 4))).toBe(
      '0477b61b80125a320919e89619709fbc108f163ac5b8e0d726490836d5282d6c',
    );
  });

  it.each([
    ['the version', { version: 2n }],
    ['the type', { type: 2 as const }],
    ['the time', { recordedAtMicros: RECORDED_AT }],
    ['the operation', { operationId: '33333333-3333-4333-8333-333333333333' }],
    ['the account', { accountBytes: uuidToBytes('11111111-1111-4111-8111-111111111112') }],
  ])('changes with %s, and with the hash before', (_name, change) => {
    const before = chainHash('', facts, payload, 1, 4);
    expect(chainHash('', { ...facts, ...change }, payload, 1, 4)).not.toEqual(before);
    expect(chainHash(before, facts, payload, 1, 4)).not.toEqual(before);
  });

  it('changes with the payload', () => {
    const before = chainHash('', facts, payload, 1, 4);
    expect(chainHash('', facts, payload, 1, 3)).not.toEqual(before);
    expect(chainHash('', facts, Uint8Array.from([9, 1, 2, 4, 9]), 1, 4)).not.toEqual(before);
  });
});
