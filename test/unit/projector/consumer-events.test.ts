/** When a silent consumer ends its process. The clock is the test's. */
import { EventEmitter } from 'node:events';
import { Kafka, logLevel } from 'kafkajs';
import type { Consumer } from 'kafkajs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { KAFKA } from '../../../projector-svc/config.ts';
import { watchConsumer } from '../../../projector-svc/consumer-events.ts';

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }),
);
afterEach(() => void vi.useRealTimers());

function setUp() {
  const kafka = new Kafka({ brokers: ['127.0.0.1:9'], logLevel: logLevel.NOTHING });
  const heard = new EventEmitter();
  const on: Consumer['on'] = (event: string, listener: Parameters<EventEmitter['on']>[1]) => {
    heard.on(event, listener);
    return () => heard.off(event, listener);
  };
  const consumer: Consumer = { ...kafka.consumer({ groupId: 'g' }), on };
  const stopping = new AbortController();
  const failures: string[] = [];
  const watch = watchConsumer(
    {
      topic: 't',
      lanes: [],
      log: silentLogger,
      stopping: stopping.signal,
      fail: (reason) => void failures.push(reason),
    },
    consumer,
    () => undefined,
  );
  return { watch, failures, stopping, emit: (event: string) => heard.emit(event, {}), consumer };
}

test('one that has not reached Kafka yet may try for as long as it takes', () => {
  const { failures } = setUp();
  vi.advanceTimersByTime(10 * KAFKA.silenceMs);
  expect(failures).toEqual([]);
});

test('one that runs in silence ends the process, counted from when it runs', () => {
  const { watch, failures } = setUp();
  vi.advanceTimersByTime(10 * KAFKA.silenceMs);
  watch.watchSilence();
  vi.advanceTimersByTime(KAFKA.silenceMs - KAFKA.heartbeatMs);
  expect(failures).toEqual([]);
  vi.advanceTimersByTime(2 * KAFKA.heartbeatMs);
  expect(failures).toEqual([expect.stringContaining('no sign of life')]);
  vi.advanceTimersByTime(10 * KAFKA.silenceMs);
  expect(failures).toHaveLength(1);
});

test('each sign of life starts the time anew', () => {
  const { watch, failures, emit, consumer } = setUp();
  watch.watchSilence();
  for (let turn = 0; turn < 5; turn++) {
    vi.advanceTimersByTime(KAFKA.silenceMs - KAFKA.heartbeatMs);
    emit(consumer.events.FETCH_START);
  }
  expect(failures).toEqual([]);
});

test('one that is stopping may be silent', () => {
  const { watch, failures, stopping } = setUp();
  watch.watchSilence();
  stopping.abort();
  vi.advanceTimersByTime(10 * KAFKA.silenceMs);
  expect(failures).toEqual([]);
});
