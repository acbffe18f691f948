/**
 * command-svc and projector-svc are killed (-9) in the middle of a stream and started again, from a
 * few seeds each (BANK_TEST_SEEDS: more of them). The client goes on by itself. A kill that missed
 * the middle is repeated, not counted: at its instant some, but not all, must have been stored (for
 * the projector: some of what was stored must have been projected).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uploadDeposits } from '#client/bulk-upload.ts';
import { depositItem, openAccounts, readFeed } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import { freshSeeds, seededRandom, type Random } from '#test/support/random.ts';
import { projectedItems, storedItems } from '#test/support/stored-counts.ts';
import { until } from '#test/support/until.ts';

const SEEDS = 3;
const TRIES = 4;
const ITEMS = 3000;
const CHUNK_ITEMS = 50;

describe('a service that is killed mid-stream', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 1 });
  });
  afterAll(() => mesh.close());

  test.each(freshSeeds(SEEDS))('command-svc, seed %i', async (seed) => {
    await killMidStream(seed, 'command-1', ({ stored }) => stored > 0 && stored < ITEMS);
  });

  test.each(freshSeeds(SEEDS))('projector-svc, seed %i', async (seed) => {
    await killMidStream(
      seed,
      'projector-1',
      ({ stored, projected }) => projected > 0 && projected < stored,
    );
  });

  type Counts = { stored: number; projected: number };

  async function killMidStream(
    seed: number,
    instance: string,
    isMidStream: (counts: Counts) => boolean,
  ): Promise<void> {
    const random = seededRandom(seed);
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const payroll = makePayroll(random, { accounts: 30, items: ITEMS, dirt: 0.05 });
      await openAccounts(mesh.client, payroll);
      const upload = uploadSlowly(payroll);
      const feed = readFeed(mesh.client, payroll.submissionId);
      const counts = await killAt(instance, payroll, random);
      await mesh.restart(instance);
      expect((await upload).receipt.submission?.totalItems, `seed ${seed}`).toBe(BigInt(ITEMS));
      const acknowledgements = new Map([[payroll.submissionId, await feed]]);
      await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
      if (isMidStream(counts)) return;
    }
    throw new Error(`seed ${seed}: ${TRIES} kills all missed the middle of a stream`);
  }

  /** Kills when a random part of the items is stored, and counts at once what was there. */
  async function killAt(instance: string, payroll: Payroll, random: Random): Promise<Counts> {
    const id = payroll.submissionId;
    const threshold = 1 + random.below(Math.floor(ITEMS * 0.7));
    await until(
      `${threshold} items stored`,
      async () => (await storedItems(mesh.stores, id)) >= threshold,
      { everyMs: 2 },
    );
    await mesh.kill(instance);
    const [projected, stored] = await Promise.all([
      projectedItems(mesh.stores, id),
      storedItems(mesh.stores, id),
    ]);
    return { projected, stored };
  }

  /**
   * The client library with its own retries; the source is slow enough to be caught in the middle.
   */
  function uploadSlowly(payroll: Payroll): ReturnType<typeof uploadDeposits> {
    async function* source(from: number) {
      for (let index = from; index < payroll.items.length; index += CHUNK_ITEMS) {
        await sleep(10);
        yield payroll.items.slice(index, index + CHUNK_ITEMS).map(depositItem);
      }
    }
    const { submissionId } = payroll;
    return uploadDeposits(mesh.client.bulk, source, { submissionId, messageItems: CHUNK_ITEMS });
  }
});
