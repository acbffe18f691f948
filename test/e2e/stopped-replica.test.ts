/**
 * A replica is stopped (SIGSTOP) inside its append, with the head of a partition in its hands,
 * while another waits for that head: the other ends the stopped owner's transaction and goes on.
 * When the stopped one wakes up, it finds its answer lost, looks, and stores its items after the
 * other's: once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, partOf } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

/** lock_timeout is 2 s, a stopped owner's transaction is ended when it is 5 s old. */
const OTHER_GOES_ON_MS_MAX = 20_000;

describe('a replica that is stopped inside its append', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
  });
  afterAll(() => mesh.close());

  test('does not stop the other one, and loses and doubles nothing', async () => {
    const whole = makePayroll(random, { accounts: 1, items: 40 });
    const [stopped, waiting] = [partOf(whole, 0, 20), partOf(whole, 20, 40)];
    const [one, two] = [mesh.clientOf('command-1'), mesh.clientOf('command-2')];
    await openAccounts(one, whole);

    // Both pay the same account. The second holds its lock, so the first goes the slow way: head
    // first.
    const locked = mesh.points.arm('append.before-send', { instance: 'command-2' });
    const ofTwo = sendDeposits(two, waiting);
    await locked.reached();
    const holding = mesh.points.arm('append.before-commit', { instance: 'command-1' });
    const ofOne = sendDeposits(one, stopped);
    const { pid } = await holding.reached();
    process.kill(pid, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      locked.release();
      expect(await ofTwo).toMatchObject({ accepted: 20n });
      expect(performance.now() - startedAt).toBeLessThan(OTHER_GOES_ON_MS_MAX);
    } finally {
      process.kill(pid, 'SIGCONT');
      holding.release();
    }
    expect(await ofOne).toMatchObject({ accepted: 20n, rejected: 0n });
    const acknowledgements = new Map([
      [stopped.submissionId, await readFeed(mesh.client, stopped.submissionId)],
      [waiting.submissionId, await readFeed(mesh.client, waiting.submissionId)],
    ]);
    const payrolls = [stopped, waiting];
    await checkLedger({ stores: mesh.stores, seed, payrolls, acknowledgements });
  });
});
