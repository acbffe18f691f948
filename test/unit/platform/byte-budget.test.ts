/** Shares of a budget: never more than there is, in order, and given back once. */
import { expect, test } from 'vitest';
import { createByteBudget } from '#platform/byte-budget.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('shares are granted in order, as those before are given back', async () => {
  const budget = createByteBudget(10);
  const order: number[] = [];
  const shares = [6, 6, 2, 3].map((bytes, n) => {
    const share = budget.take(bytes);
    void share.granted.then(() => order.push(n));
    return share;
  });
  await settle();
  expect(order).toEqual([0]); // the third would fit, and does not overtake the second
  shares[0]?.giveBack();
  shares[0]?.giveBack();
  await settle();
  expect(order).toEqual([0, 1, 2]);
  expect(budget.tryTake(1)).toBeUndefined();
  shares[1]?.giveBack();
  await settle();
  expect(order).toEqual([0, 1, 2, 3]);
  expect(budget.tryTake(6)).toBeUndefined();
  expect(budget.tryTake(5)).toBeDefined();
});

test('one greater than all goes alone; one not wanted any more gives way', async () => {
  const budget = createByteBudget(10);
  const small = budget.take(1);
  const great = budget.take(50);
  const next = budget.take(2);
  let granted = false;
  void next.granted.then(() => (granted = true));
  await settle();
  expect(granted).toBe(false);
  great.giveBack();
  await settle();
  expect(granted).toBe(true);
  small.giveBack();
  next.giveBack();
  const alone = budget.take(50);
  await alone.granted;
  expect(budget.tryTake(1)).toBeUndefined();
  alone.giveBack();
  expect(budget.tryTake(10)).toBeDefined();
});
