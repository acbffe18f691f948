/** Why a call was cancelled: its caller's wish, or its deadline, whatever the wall clock does. */
import { EventEmitter } from 'node:events';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openCallContext } from '#platform/call-context.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
afterEach(() => vi.useRealTimers());

class Call extends EventEmitter {
  readonly metadata = new Metadata();
  readonly cancelled = false;
  readonly #deadline: number;

  constructor(deadline: number) {
    super();
    this.#deadline = deadline;
  }

  getDeadline(): number {
    return this.#deadline;
  }
}

test.each([
  ['long before its deadline', 1_000, status.CANCELLED],
  ["by its caller's clock, a trip ahead of ours", 5, status.DEADLINE_EXCEEDED],
  ['by a timer that fires early', 1, status.DEADLINE_EXCEEDED],
  ['after its deadline', -1, status.DEADLINE_EXCEEDED],
  ['without a deadline', Infinity, status.CANCELLED],
])('a call that is cancelled %s', (_when, leftMs, code) => {
  const call = new Call(Date.now() + leftMs);
  const context = openCallContext(call);
  expect(context.signal.aborted).toBe(false);
  call.emit('cancelled');
  expect(context.signal.reason).toMatchObject({ code });
  context.close();
  expect(call.listenerCount('cancelled')).toBe(0);
});

test.each([-3_600_000, 3_600_000])('a wall clock that jumps by %i ms moves no deadline', (byMs) => {
  const call = new Call(Date.now() + 5_000);
  const context = openCallContext(call);
  const leftMs = () => (context.deadlineAtMs ?? 0) - performance.now();
  expect(leftMs()).toBe(5_000);
  vi.setSystemTime(Date.now() + byMs);
  expect(leftMs()).toBe(5_000);
  call.emit('cancelled');
  expect(context.signal.reason).toMatchObject({ code: status.CANCELLED });
  context.close();
});
