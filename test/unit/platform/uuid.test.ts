/** UUIDs: the tables agree with the plain way for every id, and refuse everything else. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalUuid,
  isUuid,
  uuidFromBytes,
  uuidToBytes,
  uuidV7,
  uuidV7At,
  uuidV7Ms,
} from '#platform/uuid.ts';

const PLAIN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

test('text and bytes are each other for every id', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = uuidFromBytes(bytes);
      expect(text.replaceAll('-', '')).toBe(Buffer.from(bytes).toString('hex'));
      expect(uuidToBytes(text)).toEqual(bytes);
      expect(uuidToBytes(text.toUpperCase())).toEqual(bytes);
      expect(canonicalUuid(text.toUpperCase())).toBe(text);
    }),
  );
});

test('bytes are read and written at an offset', () => {
  const target = new Uint8Array(20);
  const text = '01234567-89ab-cdef-0123-456789abcdef';
  expect(uuidToBytes(text, target, 3)).toBe(target);
  expect(uuidFromBytes(target, 3)).toBe(text);
  expect([...target.subarray(0, 4), target[19]]).toEqual([0, 0, 0, 1, 0]);
  expect(() => uuidFromBytes(target, 5)).toThrow(RangeError);
});

test('a text is a UUID when the plain expression says so', () => {
  const near = fc
    .tuple(
      fc.uuid(),
      fc.nat(35),
      fc.constantFrom('g', '-', ' ', '\0', 'G', '/', ':', '@', '`', '\u00e9', '\u{1f600}', ''),
    )
    .map(([id, at, char]) => id.slice(0, at) + char + id.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(fc.uuid(), near, fc.string()), (text) => {
      const plain = PLAIN.test(text);
      expect(isUuid(text)).toBe(plain);
      expect(canonicalUuid(text)).toBe(plain ? text.toLowerCase() : undefined);
      if (!plain) expect(() => uuidToBytes(text)).toThrow(RangeError);
    }),
    { numRuns: 2000 },
  );
});

test('new ids are of version 7, ascend and carry the time', () => {
  const before = Date.now();
  const ids = Array.from({ length: 10_000 }, () => uuidV7());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
  const ms = Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16);
  expect(ms).toBeGreaterThanOrEqual(before);
  expect(ms).toBeLessThanOrEqual(Date.now() + 1000);
});

test('an id of a moment tells it, and one of another version tells nothing', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 48 - 1), fc.uuid({ version: 4 }), (ms, other) => {
      const id = uuidV7At(ms + 0.7);
      expect(isUuid(id)).toBe(true);
      expect(id[14]).toBe('7');
      expect(uuidV7Ms(id)).toBe(ms);
      expect(uuidV7At(ms)).not.toBe(id);
      expect(uuidV7Ms(other)).toBeUndefined();
    }),
  );
});
