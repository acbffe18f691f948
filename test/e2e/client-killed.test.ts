/**
 * The client is killed (-9) at a random point of its upload and a new one goes on with the file,
 * from some seeds (BANK_TEST_SEEDS: more of them): what is stored by then stays, nothing is lost
 * and nothing comes twice.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getSubmission, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { compileCache, openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, type Payroll, type PayrollOptions } from '#test/support/payroll.ts';
import { freshSeeds, seededRandom, type Random } from '#test/support/random.ts';

const SEEDS = 8;
const TRIES = 5;
const CHILD = fileURLToPath(new URL('../support/upload-child.ts', import.meta.url));
const PAYROLL: PayrollOptions = { accounts: 15, items: 1000, dirt: 0.05 };

describe('a client that is killed', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 1 });
  });
  afterAll(() => mesh.close());

  test.each(freshSeeds(SEEDS))('resumes, seed %i', async (seed) => {
    const random = seededRandom(seed);
    const payroll = await killedHalfWay(random);
    const receipt = await sendDeposits(mesh.client, payroll);
    expect(receipt.duplicate, `seed ${seed}`).toBeGreaterThan(0n);
    const feed = await readFeed(mesh.client, payroll.submissionId);
    const acknowledgements = new Map([[payroll.submissionId, feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
  });

  /** A payroll of which some, but not all, was stored when its client died. */
  async function killedHalfWay(random: Random): Promise<Payroll> {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const childSeed = random.below(2 ** 31);
      const payroll = makePayroll(seededRandom(childSeed), PAYROLL);
      await openAccounts(mesh.client, payroll);
      await uploadAndDie(childSeed, random.below(payroll.items.length));
      const { nextItemIndex } = await getSubmission(mesh.client, payroll.submissionId).catch(
        () => ({ nextItemIndex: 0n }),
      );
      if (nextItemIndex > 0n && nextItemIndex < BigInt(payroll.items.length)) return payroll;
    }
    throw new Error(`seed ${random.seed}: ${TRIES} kills all missed the middle of an upload`);
  }

  /** A client in a process of its own; it dies when it has sent `index`. */
  async function uploadAndDie(seed: number, index: number): Promise<void> {
    const task = { seed, payroll: PAYROLL, command: mesh.addresses.command };
    const env = { ...process.env, ...compileCache(mesh.stack) };
    const child: ChildProcess = fork(CHILD, [JSON.stringify(task)], { stdio: 'inherit', env });
    await new Promise<void>((resolve, reject) => {
      child.on('message', (sent) => {
        if (Number(sent) >= index) child.kill('SIGKILL');
      });
      child.once('error', reject);
      child.once('exit', () => resolve());
    });
  }
});
