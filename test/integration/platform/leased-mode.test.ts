/**
 * The mode that leases switch, on a Redis of its own: every replica follows within a second, and
 * whatever ends (a lease, its holder, Redis), all come back to their configured settings.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createCountedLease, type CountedLease } from '#platform/counted-lease.ts';
import { createLogger, silentLogger } from '#platform/logger.ts';
import { counter } from '#platform/telemetry.ts';
import {
  connected,
  OFF,
  ON,
  openBareReplica,
  reported,
  type BareReplica,
} from '#test/support/mode-replica.ts';
import { startOwnRedis, type OwnRedis } from '#test/support/own-redis.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const TEXT = { holder: 'a test', reason: '' };
const WITHIN_MS = 1_000;
const LONG_MS = 60_000;

let redis: OwnRedis;
let replicas: BareReplica[] = [];
let held: CountedLease[] = [];

beforeAll(async () => {
  redis = await startOwnRedis();
});
afterEach(async () => {
  await Promise.all(held.map((lease) => lease.close()));
  await Promise.all(replicas.map((replica) => replica.close()));
  replicas = [];
  held = [];
});
afterAll(() => redis.part.stop());

async function open(
  count: number,
  name = `test_${randomUUID()}`,
): Promise<[BareReplica, ...BareReplica[]]> {
  const opened = Array.from({ length: count }, (_, n) =>
    openBareReplica(redis.url, { name, instance: `bare-${n}` }),
  );
  replicas.push(...opened);
  await Promise.all(opened.map(connected));
  const [first, ...others] = opened;
  if (first === undefined) throw new Error('at least one');
  return [first, ...others];
}

const allAre = (isOn: boolean, timeoutMs = WITHIN_MS): Promise<boolean> =>
  until(`all ${isOn ? 'on' : 'off'}`, () => replicas.every((one) => one.isOn() === isOn), {
    timeoutMs,
    everyMs: 5,
  });

function countedLease({ leases }: BareReplica, ttlMs = 1_000): CountedLease {
  const lease = createCountedLease({ leases, ...TEXT, ttlMs, retryMs: 100, log: silentLogger });
  held.push(lease);
  return lease;
}

describe('the mode', () => {
  test('goes on in all replicas with the first lease, and off with the last', async () => {
    const [one, two] = await open(3);
    expect(one.settings()).toBe(OFF);
    await one.leases.take('a', TEXT, LONG_MS);
    await allAre(true);
    expect(one.settings()).toBe(ON);
    await two?.leases.take('b', TEXT, LONG_MS);
    await one.leases.end('a');
    await sleep(WITHIN_MS);
    await allAre(true, 0);
    await one.leases.end('b');
    await allAre(false);
    expect(one.settings()).toBe(OFF);
  });

  test('says each change in the log, counts it, and tells it once to the next trace', async () => {
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    const log = createLogger({ service: 'bare', instance: 'a', level: 'info', write });
    const name = `test_${randomUUID()}`;
    const changes = counter('bank.mode.changes', '', '');
    const before = changes.total();
    const one = openBareReplica(redis.url, { name, log });
    replicas.push(one);
    await connected(one);
    await one.leases.take('a', TEXT, LONG_MS);
    await allAre(true);
    expect(one.takeChange()).toMatchObject({ name, isOn: true });
    expect(one.takeChange()).toBeUndefined();
    await one.leases.end('a');
    await allAre(false);
    expect(one.takeChange()).toMatchObject({ name, isOn: false });
    expect(changes.total() - before).toBe(2);
    const said = lines.map((line): unknown => JSON.parse(line));
    expect(said).toMatchObject([
      { msg: `${name} is on.`, ...ON },
      { msg: `${name} is off.`, ...OFF },
    ]);
  });

  test('goes off when the lease has not been renewed, and not before', async () => {
    const [one] = await open(2);
    const startedMs = performance.now();
    await one.leases.take('a', TEXT, 700);
    await allAre(true);
    await allAre(false);
    expect(performance.now() - startedMs).toBeGreaterThan(680);
  });

  test('is on in a replica that starts in the middle', async () => {
    const name = `test_${randomUUID()}`;
    const [one] = await open(1, name);
    await one.leases.take('a', TEXT, LONG_MS);
    const late = openBareReplica(redis.url, { name, instance: 'late' });
    replicas.push(late);
    await allAre(true);
    await reported(one, 2, true);
  });

  test('goes off by the time last seen when Redis is gone, and not before', async () => {
    const [one] = await open(2);
    const startedMs = performance.now();
    await one.leases.take('a', TEXT, 1_500);
    await allAre(true);
    await redis.part.stop('SIGKILL');
    await sleep(600);
    await allAre(true, 0);
    await allAre(false, 1_500);
    expect(performance.now() - startedMs).toBeGreaterThan(1_400);
    await redis.part.start();
  });

  test('goes off by the time last seen when Redis hangs, and not before', async () => {
    const [one] = await open(2);
    await one.leases.take('a', TEXT, 2_000);
    await allAre(true);
    redis.part.pause();
    await sleep(1_200); // a question has been asked, and given up
    const between = replicas.map((replica) => replica.isOn());
    await allAre(false, 1_500).finally(() => redis.part.resume());
    expect(between).toEqual([true, true]);
  });

  test('is off when Redis comes back without its leases; the report is there again', async () => {
    const [one] = await open(2);
    await one.leases.take('a', TEXT, LONG_MS);
    await allAre(true);
    await redis.part.restart('SIGKILL');
    await allAre(false, 5_000);
    const reports = await reported(one, 2, false);
    expect(reports.map(({ settings }) => settings)).toEqual([
      { batch_items_max: OFF.batchItemsMax },
      { batch_items_max: OFF.batchItemsMax },
    ]);
  });

  test('is off in every replica, by its report, after 50 leases taken and dropped', async () => {
    const seed = freshSeed();
    const random = seededRandom(seed);
    const [one] = await open(4);
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const by = replicas[random.below(replicas.length)] ?? one;
        const dropped = random.below(2) === 0;
        await sleep(random.below(800));
        await by.leases.take(`lease-${n}`, TEXT, 100 + random.below(500));
        await sleep(random.below(300));
        if (dropped) await one.leases.end(`lease-${n}`);
        else if (random.below(2) === 0) await by.leases.renew(`lease-${n}`, random.below(400) + 1);
      }),
    );
    await until('the last one ends', async () => (await one.leases.list()).length === 0);
    const reports = await reported(one, 4, false);
    for (const { settings } of reports) {
      expect(settings, `seed ${seed}`).toEqual({ batch_items_max: OFF.batchItemsMax });
    }
    await allAre(false, 0);
  });
});

describe('a counted lease', () => {
  test('is one for a thousand users, and stands as long as one of them is there', async () => {
    const [one] = await open(1);
    const lease = countedLease(one, 400);
    const releases = Array.from({ length: 1_000 }, () => lease.hold());
    await allAre(true);
    expect(await one.leases.list()).toHaveLength(1);
    for (const release of releases.slice(1)) {
      release();
      release();
    }
    await sleep(1_000); // more than twice its time: it is renewed
    expect(await one.leases.list()).toMatchObject([TEXT]);
    releases[0]?.();
    await allAre(false);
    expect(await one.leases.list()).toEqual([]);
  });

  test('comes back after Redis was restarted in between', async () => {
    const [one] = await open(1);
    const release = countedLease(one).hold();
    await allAre(true);
    await redis.part.restart('SIGKILL');
    await until('it is held again', async () => (await listed(one)).length === 1);
    await allAre(true);
    release();
    await allAre(false);
  });

  test('keeps nobody waiting while Redis is away, and is taken when it comes', async () => {
    const [one] = await open(1);
    await redis.part.stop('SIGKILL');
    const lease = countedLease(one);
    lease.hold()();
    const release = lease.hold();
    await redis.part.start();
    await allAre(true, 3_000);
    release();
    await allAre(false);
  });

  const listed = (replica: BareReplica) => replica.leases.list().catch(() => []);
});
