/**
 * A projector is killed between its commit and its NOTIFY: nobody is woken for what it has
 * projected. Another replica serves the feed, finds the rows by its own look, and takes the dead
 * one's partitions over.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { projectedItems } from '#test/support/stored-counts.ts';

describe('a projector killed between its commit and its NOTIFY', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 2 });
  });
  afterAll(() => mesh.close());

  test('is followed by another replica, which tells all of it once', async () => {
    const payroll = makePayroll(seededRandom(seed), { accounts: 40, items: 1000 });
    await openAccounts(mesh.client, payroll);
    await waitForProjection(mesh.stores);
    const feed = readFeed(mesh.clientOf('projector-2'), payroll.submissionId);
    const arm = () =>
      mesh.points.arm('project.after-commit-before-notify', { instance: 'projector-1' });
    let point = arm();
    const sent = sendDeposits(mesh.client, payroll);
    await point.reached();
    // It may still stand behind a record of the accounts, which could be seen before it got here.
    while ((await projectedItems(mesh.stores, payroll.submissionId)) === 0) {
      const next = arm();
      point.release();
      point = next;
      await point.reached();
    }
    expect(await projectedItems(mesh.stores, payroll.submissionId)).toBeGreaterThan(0);
    await mesh.kill('projector-1');
    await sent;
    const acknowledgements = new Map([[payroll.submissionId, await feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
  });
});
