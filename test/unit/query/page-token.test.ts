/**
 * Page tokens: they say where a list goes on, and are of that list only. And cache entries: what is
 * not whole is a miss.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEntry, encodeEntry, paddedVersion } from '../../../query-svc/account-cache-entry.ts';
import {
  decodeAccountPageToken,
  decodePageToken,
  encodeAccountPageToken,
  encodePageToken,
} from '../../../query-svc/page-token.ts';
import { decodeProgress, encodeProgress } from '../../../query-svc/statement-progress.ts';
import { decodeWatchToken, encodeWatchToken } from '../../../query-svc/watch-token.ts';

describe('a page token', () => {
  const version = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

  test('gives back its version', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), version, (filters, last) => {
        expect(decodePageToken(filters, encodePageToken(filters, last))).toBe(last);
      }),
    );
  });

  test('is of no other list', () => {
    const token = encodePageToken(['entries', 'a', 'asc'], 7n);
    expect(decodePageToken(['entries', 'b', 'asc'], token)).toBeUndefined();
    expect(decodePageToken(['entries', 'a', 'desc'], token)).toBeUndefined();
    expect(decodePageToken(['entries', 'a,asc'], token)).toBeUndefined();
  });

  test('does not survive a change', () => {
    const token = encodePageToken(['a'], 7n);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_=+'), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(decodePageToken(['a'], changed)).toBe(changed === token ? 7n : undefined);
      }),
    );
    for (const text of ['', 'x', 'not a token', token.slice(1), `${token}A`]) {
      expect(decodePageToken(['a'], text)).toBeUndefined();
    }
  });
});

describe('other tokens', () => {
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

  test('of a list of accounts give back the account, and are of no other list', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.uuid(), (filters, last) => {
        const token = encodeAccountPageToken(filters, last);
        expect(decodeAccountPageToken(filters, token)).toBe(last);
        expect(decodeAccountPageToken([...filters, ''], token)).toBeUndefined();
        expect(decodePageToken(filters, token)).toBeUndefined();
      }),
    );
  });

  test('of a watch give back the state, for their account only', () => {
    const state = fc.record({
      version: int64,
      heldMinor: int64,
      overdraftLimitMinor: int64,
      status: fc.nat(255),
      debitsFrozen: fc.boolean(),
      creditsFrozen: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), state, (accountId, other, told) => {
        const token = encodeWatchToken(accountId, told);
        expect(decodeWatchToken(accountId, token)).toEqual(told);
        expect(decodeWatchToken(other, token)).toEqual(other === accountId ? told : undefined);
      }),
    );
  });

  test('of a statement give back how far it was', () => {
    const progress = fc.record({
      nextVersion: int64,
      endVersion: int64,
      balanceMinor: int64,
      entryCount: int64,
      creditsMinor: int64,
      debitsMinor: int64,
      isClosed: fc.boolean(),
    });
    fc.assert(
      fc.property(progress, (told) => {
        const token = encodeProgress(['a'], told);
        expect(decodeProgress(['a'], token)).toEqual(told);
        expect(decodeProgress(['b'], token)).toBeUndefined();
      }),
    );
  });
});

describe('a cache entry', () => {
  const view = {
    accountId: '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c',
    tenant: 'acme',
    version: 12n,
    currencyCode: 'EUR',
    balanceMinor: -(2n ** 63n),
    heldMinor: 5n,
    nextExpiryMicros: undefined,
    overdraftLimitMinor: 2n ** 63n - 1n,
    status: 1,
    debitsFrozen: false,
    creditsFrozen: true,
    owner: 'Ann "A"',
    labels: { team: 'x' },
    openedAtMicros: 1n,
    updatedAtMicros: 2n,
    projectedAtMicros: 3n,
  };

  test('gives back what was put in', () => {
    expect(decodeEntry(encodeEntry(view, 123))).toEqual({ view, readAtMs: 123 });
  });

  test('that is not whole is a miss', () => {
    const entry = encodeEntry(view, 123);
    for (let length = 0; length < entry.length; length++) {
      expect(decodeEntry(entry.slice(0, length))).toBeUndefined();
    }
    expect(decodeEntry(entry.replace('"version"', '"revision"'))).toBeUndefined();
  });

  test('has versions that compare as text', () => {
    const version = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(paddedVersion(a) < paddedVersion(b)).toBe(a < b);
      }),
    );
  });
});
