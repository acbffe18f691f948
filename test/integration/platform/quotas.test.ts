/** The share of a caller, on a real Redis: over replicas, per subject, and while Redis is away. */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { Redis } from 'ioredis';
import { afterEach, expect, inject, test } from 'vitest';
import { ANYONE, type Caller } from '#platform/caller.ts';
import { silentLogger } from '#platform/logger.ts';
import { openQuotas, type Quotas } from '#platform/quotas.ts';
import type { QuotaLimits } from '#platform/quota-limits.ts';
import { closeRedis, createRedis, isReady } from '#platform/redis.ts';
import { openLimitedServer, START } from '#test/support/limited-server.ts';
import { bearing, openTokenIssuer } from '#test/support/token-issuer.ts';
import { until } from '#test/support/until.ts';

const NONE: QuotaLimits = { requestsPerSecond: 0, itemsPerSecond: 0, streamsMax: 0 };
const EXCEEDED = { code: status.RESOURCE_EXHAUSTED, reason: 'QUOTA_EXCEEDED' };
const NOWHERE = 'redis://127.0.0.1:1';

const clients: Redis[] = [];
afterEach(() => {
  for (const one of clients.splice(0)) closeRedis(one);
});

async function open(limits: Partial<QuotaLimits>, redisUrl?: string): Promise<Quotas> {
  const redis = createRedis(redisUrl ?? inject('stack').redisUrl, 'quotas', silentLogger);
  clients.push(redis);
  if (redisUrl === undefined) await until('the connection', () => isReady(redis));
  return openQuotas({ ...NONE, ...limits }, redis);
}

function caller(subject: string = randomUUID()): Caller {
  return { ...ANYONE, subject, tenant: 'acme', scopes: new Set() };
}

/** Of so many calls at once: how many were let in. */
async function letIn(quotas: readonly Quotas[], who: Caller, calls: number): Promise<number> {
  const numbers = Array.from({ length: calls }, (_, n) => n);
  const all = numbers.flatMap((n) => quotas[n % quotas.length] ?? []);
  const results = await Promise.allSettled(all.map((one) => one.admit(who, false)));
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject(EXCEEDED);
  }
  return results.filter((result) => result.status === 'fulfilled').length;
}

test('requests of one caller are counted over replicas, those of another apart', async () => {
  const replicas = [await open({ requestsPerSecond: 10 }), await open({ requestsPerSecond: 10 })];
  const [ann, bob] = [caller(), caller()];
  const [ofAnn, ofBob] = await Promise.all([letIn(replicas, ann, 40), letIn(replicas, bob, 10)]);
  expect(ofAnn).toBeLessThanOrEqual(20); // a second may end meanwhile
  expect(ofAnn).toBeGreaterThanOrEqual(10);
  expect(ofBob).toBe(10);
  await until('another second', async () => (await letIn(replicas, ann, 1)) === 1);
});

test('without Redis a replica counts alone', async () => {
  const quotas = await open({ requestsPerSecond: 10 }, NOWHERE);
  const admitted = await letIn([quotas], caller(), 40);
  expect(admitted).toBeLessThanOrEqual(20);
  expect(admitted).toBeGreaterThanOrEqual(10);
});

test('items of an upload wait for their share, those of a direct batch are refused', async () => {
  const quotas = await open({ itemsPerSecond: 100 });
  const ann = caller();
  const began = performance.now();
  await quotas.items.wait(ann, 250); // more than two seconds' share
  expect(performance.now() - began).toBeGreaterThan(1_000);
  await expect(quotas.items.take(ann, 100)).rejects.toMatchObject(EXCEEDED);
  await quotas.items.take(caller(), 5_000); // a message of more than a second's share passes once
});

test('an upload that has ended takes no more of its share', async () => {
  const quotas = await open({ itemsPerSecond: 100 });
  const ann = caller();
  let isOver = false;
  const gone = quotas.items.wait(ann, 5_000, () => {
    if (isOver) throw new Error('nobody waits');
  });
  isOver = true;
  await expect(gone).rejects.toThrow('nobody waits');
  await quotas.items.wait(ann, 100);
});

test('streams at once: one that ends makes room', async () => {
  const quotas = await open({ streamsMax: 2 });
  const ann = caller();
  const [first] = [await quotas.admit(ann, true), await quotas.admit(ann, true)];
  await expect(quotas.admit(ann, true)).rejects.toMatchObject({ ...EXCEEDED, retryAfterMs: 1_000 });
  await quotas.admit(caller(), true);
  await quotas.admit(ann, false);
  first?.();
  await quotas.admit(ann, true);
});

test('a server refuses a call too many before its handler sees it', async () => {
  const issuer = await openTokenIssuer();
  const quotas = await open({ requestsPerSecond: 1 });
  const auth = { tokens: issuer.settings, identitiesFile: undefined, openReflection: true };
  const rows = ['startBulkMode', 'renewBulkMode', 'endBulkMode', 'getBulkMode'];
  const scopes = Object.fromEntries(rows.map((name) => [name, ['x'] as const]));
  const access = { auth, scopes: { 'bank.v1.BulkModeService': scopes }, quotas };
  const server = await openLimitedServer({}, { access });
  try {
    const metadata = bearing(await issuer.token({ sub: randomUUID(), scope: 'x' }));
    const calls = Array.from({ length: 20 }, () =>
      server.connect().call(START, { reason: '0' }, { metadata }),
    );
    const refused = (await Promise.all(calls)).filter(({ code }) => code !== status.OK);
    expect(refused.length).toBeGreaterThan(10);
    for (const one of refused) {
      expect(one).toMatchObject(EXCEEDED);
      expect(one.retryAfterMs).toBeGreaterThan(0);
      expect(one.retryAfterMs).toBeLessThanOrEqual(1_000);
    }
    expect(server.handled.length).toBe(20 - refused.length);
  } finally {
    await server.close();
    await issuer.stop();
  }
});
