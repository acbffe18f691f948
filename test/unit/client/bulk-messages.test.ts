/**
 * Cutting items into messages: nothing lost, nothing twice, nothing that is not missing, within the
 * limits.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALL_ITEMS, itemMessages, type ItemRange } from '#client/bulk-messages.ts';

const limits = { items: 5, bytes: 100, bytesOf: (item: number) => (item % 7) * 10 };

function sourceOf(count: number, chunk: number) {
  return async function* (from: number) {
    for (let at = from; at < count; at += chunk) {
      yield Array.from({ length: Math.min(chunk, count - at) }, (_, n) => at + n);
    }
  };
}

async function messagesOf(count: number, chunk: number, ranges: readonly ItemRange[]) {
  const messages = [];
  for await (const message of itemMessages(sourceOf(count, chunk), ranges, limits)) {
    messages.push(message);
  }
  return messages;
}

test('sends what is missing, once, in order, with its indexes', async () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.integer({ min: 1, max: 13 }), async (numbers, chunk) => {
      const sorted = numbers.toSorted((a, b) => a - b);
      const ranges: ItemRange[] = [];
      for (let at = 0; at + 1 < sorted.length; at += 2) {
        ranges.push({ from: sorted[at] ?? 0, end: sorted[at + 1] ?? 0 });
      }
      const messages = await messagesOf(50, chunk, ranges);
      const wanted = Array.from({ length: 50 }, (_, n) => n).filter((n) =>
        ranges.some(({ from, end }) => n >= from && n < end),
      );
      expect(messages.flatMap(({ items }) => items)).toEqual(wanted);
      for (const { firstIndex, items } of messages) {
        expect(items).toEqual(items.map((_, n) => firstIndex + n));
        expect(items.length).toBeLessThanOrEqual(limits.items);
        const bytes = items.reduce((sum, item) => sum + limits.bytesOf(item), 0);
        expect(items.length === 1 || bytes <= limits.bytes).toBe(true);
      }
    }),
  );
});

test('fills its messages across the chunks of the source', async () => {
  const small = { ...limits, bytesOf: () => 1 };
  const sizes: number[] = [];
  for await (const { items } of itemMessages(sourceOf(12, 3), ALL_ITEMS, small)) {
    sizes.push(items.length);
  }
  expect(sizes).toEqual([5, 5, 2]);
});

test('without anything missing sends nothing', async () => {
  expect(await messagesOf(10, 3, [])).toEqual([]);
  expect(await messagesOf(10, 3, [{ from: 10, end: Infinity }])).toEqual([]);
});
