/** The pause-point server of the tests: what it holds, what it lets pass, and how its waits end. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startPausePoints, type PausePointServer } from '#test/support/pause-points.ts';

describe('a pause-point server', () => {
  let points: PausePointServer;
  beforeEach(async () => {
    points = await startPausePoints();
  });
  afterEach(() => points.close());

  const arriveAt = (name: string, instance = 'one') =>
    fetch(points.url, { method: 'POST', body: JSON.stringify({ name, instance, pid: 7 }) });

  test('answers a point at once that nobody has armed', async () => {
    expect((await arriveAt('append')).status).toBe(200);
    expect(points.visits('append')).toBe(1);
  });

  test('holds an armed point until it is released', async () => {
    const point = points.arm('append');
    let passed = false;
    const arrived = arriveAt('append').then(() => (passed = true));
    expect(await point.reached()).toEqual({ name: 'append', instance: 'one', pid: 7 });
    expect(passed).toBe(false);
    point.release();
    await arrived;
  });

  test('holds one arrival only', async () => {
    const point = points.arm('append');
    const first = arriveAt('append');
    await point.reached();
    expect((await arriveAt('append')).status).toBe(200);
    point.release();
    await first;
  });

  test('holds the named instance only', async () => {
    const point = points.arm('append', { instance: 'two' });
    await arriveAt('append', 'one');
    const held = arriveAt('append', 'two');
    expect((await point.reached()).instance).toBe('two');
    point.release();
    await held;
  });

  test('tells all who wait', async () => {
    const point = points.arm('append');
    const waiters = Promise.all([point.reached(), point.reached()]);
    const arrived = arriveAt('append');
    expect(await waiters).toHaveLength(2);
    point.release();
    await arrived;
  });

  test('tells what was visited when a point is not reached', async () => {
    await arriveAt('reply');
    await expect(points.arm('append').reached(20)).rejects.toThrow('visited: reply x1');
  });

  test('refuses what is no arrival', async () => {
    expect((await fetch(points.url, { method: 'POST', body: '{}' })).status).toBe(400);
  });
});
