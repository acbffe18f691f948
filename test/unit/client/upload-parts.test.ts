/**
 * How an upload's items are cut into parts: from any index on, never over the place up to which all
 * is stored, and not at all when the items end before it.
 */
import { expect, test } from 'vitest';
import { ItemsMissingError, uploadParts, type Items } from '#client/upload-parts.ts';

const TEN = Array.from({ length: 10 }, (_, n) => n);

async function cut(source: Items<number>, from: number, storedEnd: number): Promise<number[][]> {
  const parts: number[][] = [];
  for await (const part of uploadParts(source, from, 4, storedEnd)) {
    expect(part.items[0]).toBe(part.from);
    parts.push([...part.items]);
  }
  return parts;
}

const again = async function* (from: number) {
  yield* TEN.slice(from);
};

test.each([
  ['read once', TEN],
  ['read again', again],
])('items that are %s', async (_, source) => {
  expect(await cut(source, 0, 0)).toEqual([TEN.slice(0, 4), TEN.slice(4, 8), TEN.slice(8)]);
  expect(await cut(source, 3, 5)).toEqual([TEN.slice(3, 5), TEN.slice(5, 9), TEN.slice(9)]);
  expect(await cut(source, 6, 10)).toEqual([TEN.slice(6)]);
});

test.each([
  ['read once', TEN],
  ['read again', again],
])('fewer items than are stored, %s', async (_, source) => {
  await expect(cut(source, 8, 11)).rejects.toThrow(ItemsMissingError);
});
