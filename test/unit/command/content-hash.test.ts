/**
 * The content hash: stored for ever, so its bytes are pinned; every field of a command is in it.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Command, Deposit, OpenAccount } from '#domain/commands.ts';
import { commandOf, deposited, OPENED } from '#test/support/commands.ts';
import {
  contentHashOf,
  rawContentHash,
  sameContentHash,
} from '../../../command-svc/content-hash.ts';

const DEPOSIT: Deposit = {
  type: 'Deposit',
  accountId: '0190c7b2-3f4e-7abc-8def-0123456789ab',
  currencyCode: 'EUR',
  amountMinor: 1250n,
  reference: 'Gehalt f\u00fcr Mai',
  valueDate: '2026-05-31',
  operationId: undefined,
  expectedVersion: 0n,
};
const ACCOUNT: OpenAccount = {
  type: 'OpenAccount',
  accountId: DEPOSIT.accountId,
  tenant: '',
  currencyCode: 'EUR',
  owner: 'Ada',
  overdraftLimitMinor: 0n,
  labels: { b: '2', a: '1' },
  operationId: undefined,
};

const hex = (hash: string): string => Buffer.from(hash, 'latin1').toString('hex');

function plainHash(type: number, ...parts: readonly (string | bigint | Uint8Array)[]): string {
  const hash = createHash('sha256').update(Uint8Array.of(type));
  for (const part of parts) {
    if (typeof part === 'bigint') {
      const amount = Buffer.alloc(8);
      amount.writeBigInt64BE(part);
      hash.update(amount);
    } else if (typeof part !== 'string') {
      hash.update(part);
    } else {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(part));
      hash.update(length).update(part);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

const id = DEPOSIT.accountId;
const other = '0190c7b2-3f4e-7abc-8def-0123456789ac';
const command = { accountId: id, operationId: other };
const amount = { currencyCode: 'EUR', minor: 5n };
const flag = (...set: boolean[]): Uint8Array => Uint8Array.from(set, (one) => (one ? 1 : 0));
const PINNED: [Command, ...Parameters<typeof plainHash>][] = [
  [
    commandOf('Withdraw', { ...command, valueDate: '2026-05-31' }),
    3,
    id,
    other,
    'EUR',
    100n,
    '',
    '2026-05-31',
  ],
  [
    commandOf('Transfer', { ...command, destinationAccountId: other }),
    4,
    id,
    other,
    other,
    'EUR',
    100n,
    '',
    '',
  ],
  [
    commandOf('PlaceHold', { ...command, holdId: other, expiresAtMicros: 7n }),
    5,
    id,
    other,
    other,
    'EUR',
    100n,
    7n,
    '',
  ],
  [
    commandOf('CaptureHold', { ...command, holdId: other, amount, releaseRest: true }),
    6,
    id,
    other,
    other,
    'EUR',
    5n,
    flag(true),
    '',
  ],
  [commandOf('ReleaseHold', { ...command, holdId: other }), 7, id, other, other],
  [commandOf('SetOverdraftLimit', command), 8, id, other, 'EUR', 0n],
  [
    commandOf('FreezeAccount', { ...command, credits: false }),
    9,
    id,
    other,
    flag(true, false),
    'r',
  ],
  [commandOf('UnfreezeAccount', command), 10, id, other, 'r'],
  [commandOf('CloseAccount', { ...command, sweepTo: other }), 11, id, other, other, ''],
  [
    commandOf('ReverseOperation', { ...command, reversedOperationId: other }),
    12,
    id,
    other,
    other,
    'r',
  ],
];

describe('the content hash', () => {
  it('is SHA-256 over type and fields, each text with its length', () => {
    const { accountId, reference, valueDate } = DEPOSIT;
    expect(hex(contentHashOf(DEPOSIT))).toBe(
      plainHash(2, accountId, '', 'EUR', 1250n, reference, valueDate),
    );
    expect(hex(contentHashOf(ACCOUNT))).toBe(
      plainHash(1, accountId, '', 'EUR', 0n, '', 'Ada', 'a', '1', 'b', '2'),
    );
  });

  it('does not depend on the order of labels', () => {
    const reordered = { ...ACCOUNT, labels: { a: '1', b: '2' } };
    expect(hex(contentHashOf(reordered))).toBe(hex(contentHashOf(ACCOUNT)));
  });

  it('of an undone event is over its version and the reason, whatever the event was', () => {
    const accountId = DEPOSIT.accountId;
    for (const event of [OPENED, deposited(7n)]) {
      const undoing = commandOf('ReverseEvent', { accountId, event });
      expect(hex(contentHashOf(undoing))).toBe(plainHash(14, accountId, '', 2n, 'r'));
    }
  });

  it('changes with every field', () => {
    const id = '0190c7b2-3f4e-7abc-8def-0123456789ac';
    const others: (Deposit | OpenAccount)[] = [
      { ...DEPOSIT, accountId: id },
      { ...DEPOSIT, currencyCode: 'USD' },
      { ...DEPOSIT, amountMinor: 1251n },
      { ...DEPOSIT, reference: 'x'.repeat(5000) },
      { ...DEPOSIT, valueDate: '' },
      { ...DEPOSIT, operationId: id },
      { ...ACCOUNT, tenant: 't' },
      { ...ACCOUNT, owner: 'Bob' },
      { ...ACCOUNT, overdraftLimitMinor: 1n },
      { ...ACCOUNT, labels: {} },
      { ...ACCOUNT, labels: { a: '12', b: '' } },
    ];
    const hashes = [DEPOSIT, ACCOUNT, ...others].map((command) => hex(contentHashOf(command)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it.each(PINNED)(
    'of $type is over its fields in the order of the contract',
    (hashed, ...parts) => {
      expect(hex(contentHashOf(hashed))).toBe(plainHash(...parts));
    },
  );

  it('is the same whatever version a command expects', () => {
    const expecting = commandOf('Withdraw', { expectedVersion: 7n });
    expect(contentHashOf(expecting)).toBe(contentHashOf(commandOf('Withdraw')));
  });

  it('of a malformed item is never that of a valid command', () => {
    const raw = rawContentHash({ ...DEPOSIT, operationId: '' });
    expect(hex(raw)).not.toBe(hex(contentHashOf(DEPOSIT)));
    expect(hex(rawContentHash({ ...DEPOSIT, operationId: 'no uuid' }))).not.toBe(hex(raw));
  });

  it('is compared at its place among stored ones', () => {
    const stored = Buffer.from(contentHashOf(ACCOUNT) + contentHashOf(DEPOSIT), 'latin1');
    expect(sameContentHash(contentHashOf(DEPOSIT), stored, 8)).toBe(true);
    expect(sameContentHash(contentHashOf(DEPOSIT), stored)).toBe(false);
    expect(sameContentHash(contentHashOf(DEPOSIT), stored, 16)).toBe(false);
  });
});
