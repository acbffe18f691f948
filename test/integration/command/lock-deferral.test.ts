/**
 * Accounts that are locked elsewhere, on a real Redis: their items are put off and the others go
 * on, order holds in each account, no item is put off for ever, and a lock that ends too early
 * costs time and nothing else.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRedis } from '#platform/redis.ts';
import { silentLogger } from '#platform/logger.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import {
  createAccountLocks,
  type AccountLocks,
  type HeldLock,
} from '../../../command-svc/account-locks.ts';
import { createBatcher, type Batcher } from '../../../command-svc/batcher.ts';
import { laneProcessors } from '../../../command-svc/lane-processors.ts';
import { processBatch } from '../../../command-svc/process-batch.ts';
import {
  accountsOfOnePartition,
  beforeAppend,
  depositCommand,
  laneOf,
  openCommand,
  openReplica,
  PARTITIONS,
  settled,
  type Replica,
  type Settled,
} from '#test/support/batch-bench.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';

const TTL_MS = 10_000;
let databases: Databases;
let redis: Redis;
let locks: AccountLocks;
/** Takes locks as another replica would. */
let other: AccountLocks;
let replica: Replica;

beforeAll(async () => {
  databases = await openDatabases();
  redis = createRedis(inject('stack').redisUrl, 'locks', silentLogger);
  await until('Redis', () => redis.status === 'ready');
  locks = createAccountLocks(redis, TTL_MS, silentLogger);
  other = createAccountLocks(redis, TTL_MS, silentLogger);
  replica = openReplica(databases.eventStoreUrl('bank_command'), 'deferring', locks);
});

afterAll(async () => {
  await replica.close();
  await databases.close();
  redis.disconnect();
});

async function hold(...accountIds: string[]): Promise<{ release: () => Promise<void> }> {
  const { partition } = laneOf(replica, accountIds[0] ?? '');
  let lock: HeldLock | undefined;
  // The batch before has answered, and its release may still be on its way.
  await until('the lock', async () => {
    const attempt = await other.acquire(partition, new Set(accountIds));
    if (typeof attempt !== 'string') lock = attempt;
    return lock !== undefined;
  });
  return {
    release: async () => {
      lock?.release();
      const held = () => locks.heldElsewhere(partition, new Set(accountIds));
      await until('the lock is gone', async () => (await held())?.size === 0);
    },
  };
}

/** Opens accounts of one partition. */
async function openAccounts(count: number): Promise<string[]> {
  const ids = accountsOfOnePartition(count);
  const items = ids.map((id) => settled(openCommand(id)));
  expect(await run(items)).toEqual([]);
  return ids;
}

/** The places of the items that were put off. */
async function run(items: readonly Settled[], by = replica): Promise<number[]> {
  const lane = laneOf(by, items[0]?.item.command?.accountId ?? '');
  const plain = items.map(({ item }) => item);
  const deferred = await processBatch(by.context, lane, plain, performance.now());
  return deferred.map((item) => plain.indexOf(item));
}

/** The amounts of an account's deposits, in the order of their versions. */
async function amountsOf(accountId: string): Promise<bigint[]> {
  const { rows } = await databases.eventStore.query<{ payload: Buffer }>(
    'select payload from events where account_id = $1 and version > 1 order by version',
    [accountId],
  );
  return rows.map(({ payload }) => {
    const { body } = Event.decode(payload);
    if (body?.$case !== 'moneyDeposited') throw new Error('no deposit');
    return body.value.amountMinor;
  });
}

describe('a batch with an account that is locked elsewhere', () => {
  it('puts off its items and stores the others with a lock', async () => {
    const [held = '', free = ''] = await openAccounts(2);
    const { counts } = replica.context;
    const before = { ...counts };
    const lock = await hold(held);
    const items = [held, free, held, free].map((id, n) =>
      settled(depositCommand(id, BigInt(n + 1))),
    );
    expect(await run(items)).toEqual([0, 2]);
    expect(items.map(({ outcomes }) => outcomes.length)).toEqual([0, 1, 0, 1]);
    expect([counts.fastAppends - before.fastAppends, counts.slowAppends]).toEqual([
      1,
      before.slowAppends,
    ]);
    await lock.release();
    const again = items.filter((_, place) => place % 2 === 0);
    expect(await run(again)).toEqual([]);
    expect(await amountsOf(held)).toEqual([1n, 3n]);
  });

  it('waits a little when all is put off, and is put off no more than five times', async () => {
    const [held = ''] = await openAccounts(1);
    const { counts } = replica.context;
    const before = { slow: counts.slowAppends, ...locks.counts };
    const lock = await hold(held);
    const items = [settled(depositCommand(held, 1n)), settled(depositCommand(held, 2n))];
    for (let n = 0; n < 5; n++) {
      const startMs = performance.now();
      expect(await run(items)).toEqual([0, 1]);
      expect(performance.now() - startMs).toBeGreaterThan(4);
    }
    expect(await run(items)).toEqual([]);
    expect(items.every(({ outcomes }) => outcomes[0]?.kind === 'accepted')).toBe(true);
    expect(counts.slowAppends).toBe(before.slow + 1);
    expect(locks.counts.deferred - before.deferred).toBe(10);
    expect(locks.counts.overdue - before.overdue).toBe(1);
    await lock.release();
  });

  it('that is let go before it is looked at is stored at once', async () => {
    const [held = ''] = await openAccounts(1);
    const lock = await hold(held);
    const racing: AccountLocks = {
      ...locks,
      heldElsewhere: async (partition, ids) => {
        await lock.release();
        return locks.heldElsewhere(partition, ids);
      },
    };
    const context = { ...replica.context, locks: racing };
    const fast = context.counts.fastAppends;
    expect(await run([settled(depositCommand(held, 1n))], { ...replica, context })).toEqual([]);
    expect(context.counts.fastAppends).toBe(fast + 1);
  });
});

describe('a lock that ends in the middle of a batch', () => {
  it('lets another replica in, and the batch is decided again', async () => {
    const [id = ''] = await openAccounts(1);
    const short = createAccountLocks(redis, 60, silentLogger);
    const url = databases.eventStoreUrl('bank_command');
    const late = openReplica(url, 'late', short);
    let first = true;
    const slowed = beforeAppend(late, async () => {
      if (!first) return;
      first = false;
      const { partition } = laneOf(late, id);
      const held = () => locks.heldElsewhere(partition, new Set([id]));
      await until('the lock has ended', async () => (await held())?.size === 0);
      expect(await run([settled(depositCommand(id, 5n))])).toEqual([]);
    });
    const deposit = settled(depositCommand(id, 1n));
    expect(await run([deposit], slowed)).toEqual([]);
    expect(deposit.outcomes).toMatchObject([{ kind: 'accepted', after: { balanceMinor: 6n } }]);
    expect(await amountsOf(id)).toEqual([5n, 1n]);
    await until('the end is counted', () => short.counts.expired === 1);
    await late.close();
  });
});

describe('locks that come and go', () => {
  const seed = freshSeed();
  it(`leave each account's deposits in order (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const ids = await openAccounts(6);
    const batcher = openBatcher();
    const deferredBefore = locks.counts.deferred;
    const sent = new Map<string, bigint[]>(ids.map((id) => [id, []]));
    const all: Settled[] = [];
    const claim = { tenant: '', submissionId: `order-${randomUUID()}`, claimId: randomUUID() };
    await makeClaim(claim);
    for (let n = 0; n < 400; n++) {
      const id = ids[random.below(ids.length)] ?? '';
      const amount = BigInt(n + 1);
      sent.get(id)?.push(amount);
      const item = settled(depositCommand(id, amount), { claim, itemIndex: n });
      all.push(item);
      batcher.tryEnqueue(item.item);
      if (n % 20 !== 0) continue;
      const victim = ids[random.below(ids.length)] ?? '';
      const lock = await other.acquire(laneOf(replica, victim).partition, new Set([victim]));
      await new Promise((resolve) => setTimeout(resolve, 1 + random.below(15)));
      if (typeof lock !== 'string') lock.release();
    }
    await batcher.stop();
    expect(all.every(({ outcomes }) => outcomes.length === 1)).toBe(true);
    expect(locks.counts.deferred - deferredBefore).toBeGreaterThan(10);
    for (const [id, amounts] of sent) expect(await amountsOf(id)).toEqual(amounts);
  });
});

function openBatcher(): Batcher {
  const limits = {
    ...WIDE_LIMITS,
    batchItemsMax: 50,
    batchTimeoutMs: 5,
    processors: 4,
    queueItemsMax: 1_000,
  };
  return createBatcher(PARTITIONS, limits, ...laneProcessors(replica.context, replica.lanes));
}

async function makeClaim(claim: { submissionId: string; claimId: string }): Promise<void> {
  const { submissionId, claimId } = claim;
  const db = databases.eventStore;
  await db.query(`insert into submissions values ('', $1, now(), null, null)`, [submissionId]);
  await db.query(`insert into submission_claims values ('', $1, $2, 0, 1000000)`, [
    submissionId,
    claimId,
  ]);
}
