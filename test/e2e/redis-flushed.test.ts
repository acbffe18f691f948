/**
 * Redis is flushed again and again in the middle of two uploads to the same accounts on two
 * replicas: locks vanish while they are held, and nothing but speed depends on them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, partOf } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

const ITEMS = 4000;
const FLUSH_EVERY_MS = 15;

describe('Redis flushed mid-stream', () => {
  let mesh: Mesh;
  let redis: Redis;
  const seed = freshSeed();
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
    redis = new Redis(mesh.stack.redisUrl);
  });
  afterAll(async () => {
    redis.disconnect();
    await mesh.close();
  });

  test('loses and doubles nothing, on two replicas that pay the same accounts', async () => {
    const whole = makePayroll(seededRandom(seed), { accounts: 40, items: ITEMS, dirt: 0.05 });
    await openAccounts(mesh.client, whole);
    const half = ITEMS / 2;
    const payrolls = [partOf(whole, 0, half), partOf(whole, half, ITEMS)] as const;
    let flushes = 0;
    const done = new AbortController();
    const flushing = (async () => {
      while (!done.signal.aborted) {
        await redis.flushall();
        flushes += 1;
        await sleep(FLUSH_EVERY_MS);
      }
    })();
    const receipts = await Promise.all([
      sendDeposits(mesh.clientOf('command-1'), payrolls[0]),
      sendDeposits(mesh.clientOf('command-2'), payrolls[1]),
    ]);
    done.abort();
    await flushing;
    expect(flushes, `seed ${seed}`).toBeGreaterThan(2);
    expect(receipts.map(({ received }) => received)).toEqual([BigInt(half), BigInt(half)]);
    const acknowledgements = new Map(
      await Promise.all(
        payrolls.map(async ({ submissionId }) => {
          return [submissionId, await readFeed(mesh.client, submissionId)] as const;
        }),
      ),
    );
    await checkLedger({ stores: mesh.stores, seed, payrolls, acknowledgements });
  });
});
