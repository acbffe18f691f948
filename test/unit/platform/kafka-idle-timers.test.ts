/** The timers of a connection to Kafka: none while nothing waits, and those that are needed. */
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkOnlyWhatWaits } from '#platform/kafka-idle-timers.ts';

const THROTTLED_MS = 50;

function openQueue(maxInFlightRequests: number | null) {
  const sent: number[] = [];
  const queue = new RequestQueue({
    maxInFlightRequests,
    requestTimeout: 1000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: 'kafka:9092',
    logger: { debug: () => undefined, warn: () => undefined },
    isConnected: () => true,
  });
  const push = (correlationId: number): void => {
    const promise = { resolve: () => undefined, reject: () => undefined };
    const entry = { apiKey: 1, apiName: 'Fetch', apiVersion: 11, correlationId, ...promise };
    queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) });
  };
  const answer = (correlationId: number): void =>
    queue.fulfillRequest({ correlationId, payload: Buffer.alloc(0), size: 0 });
  return { queue, sent, push, answer };
}

describe('a connection to Kafka', () => {
  checkOnlyWhatWaits();
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has no timer once all is answered', () => {
    const { sent, push, answer } = openQueue(null);
    push(1);
    answer(1);
    expect(sent).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends what waits for an answer to another request', () => {
    const { sent, push, answer } = openQueue(1);
    push(1);
    push(2);
    expect(sent).toEqual([1]);
    answer(1);
    expect(sent).toEqual([1, 2]);
  });

  it('sends what waits because the broker asked for less, when that time is over', () => {
    const { queue, sent, push } = openQueue(null);
    queue.maybeThrottle(THROTTLED_MS);
    push(1);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(THROTTLED_MS + 1);
    expect(sent).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
