/** Waits: cut short by a signal, bounded in tries, nothing left behind. */
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { backoffMs, retryWithBackoff, sleep, untilAborted } from '#platform/waiting.ts';

test('a sleep ends at its time and leaves no listener', async () => {
  const { signal } = new AbortController();
  const start = performance.now();
  await sleep(20, signal);
  expect(performance.now() - start).toBeGreaterThanOrEqual(18);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a sleep is cut short by its signal, with the reason', async () => {
  const controller = new AbortController();
  const start = performance.now();
  const sleeping = sleep(10_000, controller.signal);
  controller.abort(new Error('stopping'));
  await expect(sleeping).rejects.toThrow('stopping');
  await expect(sleep(10_000, controller.signal)).rejects.toThrow('stopping');
  expect(performance.now() - start).toBeLessThan(1000);
});

test('who waits for a signal keeps the process running, and no longer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  const controller = new AbortController();
  const before = timers();
  const waiting = untilAborted(controller.signal);
  expect(timers()).toBe(before + 1);
  controller.abort();
  await waiting;
  expect(timers()).toBe(before);
  await untilAborted(controller.signal);
});

test('a call is tried again until it succeeds', async () => {
  const retries: number[] = [];
  const options = {
    firstMs: 1,
    maxMs: 2,
    attempts: 5,
    onRetry: (_: unknown, n: number) => retries.push(n),
  };
  const result = await retryWithBackoff(options, (attempt) =>
    attempt < 3 ? Promise.reject(new Error(`no ${attempt}`)) : Promise.resolve(attempt),
  );
  expect(result).toBe(3);
  expect(retries).toEqual([1, 2]);
});

test('the last error is thrown when the attempts are used up', async () => {
  let calls = 0;
  const failing = retryWithBackoff({ firstMs: 1, maxMs: 1, attempts: 3 }, () => {
    calls += 1;
    return Promise.reject(new Error(`no ${calls}`));
  });
  await expect(failing).rejects.toThrow('no 3');
  expect(calls).toBe(3);
});

test('an error that is not retriable is thrown at once', async () => {
  let calls = 0;
  const options = { firstMs: 1, maxMs: 1, attempts: 9, retriable: () => false };
  const failing = retryWithBackoff(options, () => {
    calls += 1;
    return Promise.reject(new Error('final'));
  });
  await expect(failing).rejects.toThrow('final');
  expect(calls).toBe(1);
});

test('a signal ends the pause between two tries', async () => {
  const controller = new AbortController();
  const options = { firstMs: 60_000, maxMs: 60_000, attempts: 9, signal: controller.signal };
  const waiting = retryWithBackoff(options, () => Promise.reject(new Error('no')));
  setTimeout(() => controller.abort(new Error('stopping')), 5);
  await expect(waiting).rejects.toThrow('stopping');
});

test('pauses double up to their limit; half of each is random', () => {
  for (let attempt = 1; attempt < 100; attempt++) {
    const full = Math.min(1000, 50 * 2 ** (attempt - 1));
    const pause = backoffMs({ firstMs: 50, maxMs: 1000 }, attempt);
    expect(pause).toBeGreaterThanOrEqual(Math.floor(full / 2));
    expect(pause).toBeLessThanOrEqual(full);
  }
});
