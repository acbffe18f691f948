/** The closer stack: reverse order, once, all of them. */
import { expect, test } from 'vitest';
import { Closers } from '#platform/closers.ts';

test('what was opened last is closed first, one after the other', async () => {
  const order: string[] = [];
  const closers = new Closers();
  closers.add('pool', () => order.push('pool'));
  closers.add('server', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push('server');
  });
  await closers.closeAll();
  expect(order).toEqual(['server', 'pool']);
});

test('all are closed though some fail, and the first error is thrown', async () => {
  const order: string[] = [];
  const closers = new Closers();
  closers.add('a', () => order.push('a'));
  closers.add('b', () => Promise.reject(new Error('b failed')));
  closers.add('c', () => {
    throw new Error('c failed');
  });
  await expect(closers.closeAll()).rejects.toThrow('c failed');
  expect(order).toEqual(['a']);
});

test('closing again waits for the same closing', async () => {
  let count = 0;
  const closers = new Closers();
  closers.add('a', () => (count += 1));
  await Promise.all([closers.closeAll(), closers.closeAll()]);
  await closers.closeAll();
  expect(count).toBe(1);
});

test('a closer that is added while others run is run too, later ones are refused', async () => {
  const order: string[] = [];
  const closers = new Closers();
  closers.add('a', () => {
    order.push('a');
    closers.add('late', () => order.push('late'));
  });
  await closers.closeAll();
  expect(order).toEqual(['a', 'late']);
  expect(() => closers.add('too late', () => undefined)).toThrow('too late');
});
