/**
 * When a partition takes its step: at once with nothing in flight, else at a full batch or the
 * timeout.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { until } from '#test/support/until.ts';
import { BATCH } from '../../../projector-svc/config.ts';
import { dropQueue, newLane, type PartitionLane } from '../../../projector-svc/partition-lane.ts';
import { HeadMoved } from '../../../projector-svc/commit-rows.ts';
import { createPump } from '../../../projector-svc/projection-pump.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';

const LARGE_BYTES = BATCH.sharedBytesMax + 1;

const record = (partition: number, eventCount = 1, bytes = 10): LogRecord => ({
  partition,
  seq: 1n,
  batchId: '',
  traceparent: undefined,
  receivedAtMs: 0,
  payload: Buffer.alloc(bytes),
  source: 'kafka',
  offset: 0n,
  eventCount,
});

const SETTINGS = { batchEventsMax: 500, batchTimeoutMs: 100 };

/** Steps stand until they are let go. */
function setUp(partitions = 6) {
  const head = {
    seq: 0n,
    batchId: undefined,
    retryNo: 0n,
    erasureNo: 0n,
    parked: new Set<string>(),
  };
  const lanes = Array.from({ length: partitions }, (_, partition) => ({
    ...newLane(partition),
    head,
  }));
  const standing = new Map<number, (error?: Error) => void>();
  const failures: string[] = [];
  let settings = SETTINGS;
  const step = (lane: PartitionLane): Promise<void> =>
    new Promise((resolve, reject) => {
      standing.set(lane.partition, (error) => {
        standing.delete(lane.partition);
        if (error !== undefined) return reject(error);
        dropQueue(lane);
        resolve();
      });
    });
  const fail = (reason: string): void => void failures.push(reason);
  const pump = createPump({ lanes, step, settings: () => settings, log: silentLogger, fail });
  const end = async (partition: number, error?: Error): Promise<void> => {
    standing.get(partition)?.(error);
    await sleep(0);
  };
  const change = (changed: typeof SETTINGS): void => {
    settings = changed;
    pump.settingsChanged();
  };
  return { lanes, pump, failures, end, change, steps: () => [...standing.keys()] };
}

describe('a partition takes its step', () => {
  test('at once with nothing in flight', () => {
    const { pump, steps } = setUp();
    pump.add(3, [record(3)]);
    expect(steps()).toEqual([3]);
  });

  test('with all that wait, when the one in flight has ended, the oldest first', async () => {
    const { pump, steps, end } = setUp();
    pump.add(3, [record(3)]);
    pump.add(1, [record(1)]);
    await sleep(2);
    pump.add(2, [record(2)]);
    expect(steps()).toEqual([3]);
    await end(3);
    expect(steps()).toEqual([1, 2]);
  });

  test('at the timeout, though others are in flight', async () => {
    const { pump, steps } = setUp();
    pump.add(3, [record(3)]);
    pump.add(1, [record(1)]);
    const from = performance.now();
    await until('the second step', () => steps().length === 2, { everyMs: 2 });
    expect(performance.now() - from).toBeGreaterThan(SETTINGS.batchTimeoutMs * 0.8);
  });

  test('at once with a full batch or a tail to fill: few large ones, all small ones', () => {
    const { pump, steps, lanes } = setUp(9);
    const full = SETTINGS.batchEventsMax;
    pump.add(3, [record(3)]);
    const [zero] = lanes;
    if (zero !== undefined) pump.fill(zero, 9n);
    for (const partition of [1, 2, 4, 5])
      pump.add(partition, [record(partition, full, LARGE_BYTES)]);
    for (const partition of [6, 7]) pump.add(partition, [record(partition, full)]);
    pump.add(8, [{ ...record(8, full), seq: 3n }]); // behind a hole: it reads the outbox
    expect(steps()).toEqual([3, 0, 1, 2, 4, 6, 7]);
  });

  test('by the settings in force: a batch that is full now, a timeout that is over now', () => {
    const { pump, steps, change } = setUp();
    pump.add(3, [record(3)]);
    pump.add(1, [record(1, 20)]);
    pump.add(2, [record(2)]);
    expect(steps()).toEqual([3]);
    change({ batchEventsMax: 20, batchTimeoutMs: 10_000 });
    expect(steps()).toEqual([3, 1]);
    change({ batchEventsMax: 20, batchTimeoutMs: 0 });
    expect(steps()).toEqual([3, 1, 2]);
  });

  test('one at a time', () => {
    const { pump, steps } = setUp();
    pump.add(3, [record(3, 1000)]);
    pump.add(3, [record(3, 1000)]);
    expect(steps()).toEqual([3]);
  });
});

describe('a failed step', () => {
  const sqlError = (code: string): Error => Object.assign(new Error(`said ${code}`), { code });

  test('whose head has moved is taken again at once', async () => {
    const { pump, steps, end, lanes } = setUp();
    pump.add(3, [record(3)]);
    await end(3, new HeadMoved('moved'));
    await until('again', () => steps().length === 1);
    expect(lanes[3]?.alarm).toBe('');
  });

  test.each(['08006', 'ECONNREFUSED', '55P03', '40P01', '53200'])('%s: later', async (code) => {
    const { pump, steps, end, lanes, failures } = setUp();
    pump.add(3, [record(3)]);
    await end(3, sqlError(code));
    expect(steps()).toEqual([]);
    await until('again', () => steps().length === 1);
    expect(lanes[3]).toMatchObject({ alarm: '', failures: 1 });
    expect(failures).toEqual([]);
  });

  test.each(['23505', 'PH002', 'PH003', '22021'])(
    '%s: its partition stops, others go on',
    async (code) => {
      const { pump, steps, end, lanes, failures } = setUp();
      const drained: number[] = [];
      pump.onDrained((lane) => drained.push(lane.partition));
      pump.add(3, [record(3)]);
      await end(3, sqlError(code));
      pump.add(3, [record(3)]);
      pump.add(1, [record(1)]);
      expect(steps()).toEqual([1]);
      expect(lanes[3]).toMatchObject({ alarm: `said ${code}`, queue: [] });
      expect(drained).toContain(3);
      expect(failures).toEqual([]);
    },
  );

  test.each(['42501', '42P01', undefined])('%s: the process ends', async (code) => {
    const { pump, end, failures } = setUp();
    pump.add(3, [record(3)]);
    await end(3, code === undefined ? new TypeError('a bug') : sqlError(code));
    expect(failures).toEqual(['Partition 3 cannot be projected.']);
  });
});

test('stopping waits for what is in flight and takes no more', async () => {
  const { pump, steps, end } = setUp();
  pump.add(3, [record(3)]);
  let stopped = false;
  const stopping = pump.stop().then(() => (stopped = true));
  pump.add(1, [record(1)]);
  await sleep(5);
  expect(stopped).toBe(false);
  await end(3);
  await stopping;
  expect(steps()).toEqual([]);
});
