/** What a failed comparison does, and what health says of the projection. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { TAIL } from '../../../projector-svc/config.ts';
import { newLane } from '../../../projector-svc/partition-lane.ts';
import { createProjectionHealth } from '../../../projector-svc/projection-health.ts';
import { createPump } from '../../../projector-svc/projection-pump.ts';
import { compareRegularly } from '../../../projector-svc/tail-check.ts';

describe('comparisons', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Answers how often was compared, and with what the process was ended. */
  async function run(errors: Error[]): Promise<{ turns: number; failures: unknown[] }> {
    const stopping = new AbortController();
    const failures: unknown[] = [];
    const fail = (_reason: string, cause?: unknown): void => void failures.push(cause);
    const pool = new pg.Pool(); // never connects: nothing asks it
    const lanes = [newLane(0)];
    const log = silentLogger;
    const settings = () => ({ batchEventsMax: 500, batchTimeoutMs: 100 });
    const ctx = {
      reading: pool,
      eventStore: pool,
      lanes,
      pump: createPump({ lanes, step: () => Promise.resolve(), settings, log, fail }),
      logId: '',
      health: { projectionRead: () => undefined },
      log,
      fail,
    };
    let turns = 0;
    const compare = async (): Promise<void> => {
      const error = errors[turns++];
      if (error !== undefined) throw error;
    };
    const comparing = compareRegularly(ctx, { compare }, stopping.signal);
    await vi.advanceTimersByTimeAsync(4 * TAIL.compareEveryMs + 1);
    stopping.abort();
    await comparing;
    return { turns, failures };
  }

  test('go on while a store is away', async () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const canceled = Object.assign(new Error('canceling statement'), { code: '57014' });
    expect(await run([refused, canceled, refused])).toEqual({ turns: 4, failures: [] });
  });

  test.each([
    ['an error of ours', new TypeError('heads is not iterable')],
    ['a column that is not there', Object.assign(new Error('no column'), { code: '42703' })],
  ])('%s ends the process, for it would come again', async (_, error) => {
    expect(await run([error])).toEqual({ turns: 1, failures: [error] });
  });
});

describe('health', () => {
  function setUp() {
    const lanes = [newLane(0), newLane(1)];
    const told: boolean[] = [];
    const setServing = (serving: boolean): void => void told.push(serving);
    return { lanes, told, health: createProjectionHealth(lanes, silentLogger, setServing) };
  }

  test('is told when it changes only', () => {
    const { told, health } = setUp();
    for (let turn = 0; turn < 3; turn++) health.projectionRead(true);
    expect(told).toEqual([]);
  });

  test('is NOT_SERVING while a partition has an alarm', () => {
    const { lanes, told, health } = setUp();
    const [, lane = newLane(1)] = lanes;
    lane.alarm = 'the projection is at 5, the event store at 4';
    health.projectionRead(true);
    health.projectionRead(true);
    expect(told).toEqual([false]);
    lane.alarm = '';
    health.projectionRead(true);
    expect(told).toEqual([false, true]);
  });

  test('is NOT_SERVING after several reads in a row that failed, until one succeeds', () => {
    const { told, health } = setUp();
    for (let turn = 1; turn < TAIL.unreadableMax; turn++) health.projectionRead(false);
    health.projectionRead(true);
    for (let turn = 1; turn < TAIL.unreadableMax; turn++) health.projectionRead(false);
    expect(told).toEqual([]);
    health.projectionRead(false);
    health.projectionRead(false);
    expect(told).toEqual([false]);
    health.projectionRead(true);
    expect(told).toEqual([false, true]);
  });
});
