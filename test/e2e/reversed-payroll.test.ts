/**
 * A payroll that was sent by mistake is taken back: command-svc is killed (-9) in the middle, the
 * caller asks again, every account is back at zero, and a reversal that is complete changes nothing
 * when it is asked for once more.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reverseSubmission } from '#client/submission-reversal.ts';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { countOutcome, makePayroll, reversalOf } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { storedItems } from '#test/support/stored-counts.ts';
import { until } from '#test/support/until.ts';

const ITEMS = 20_000;
/** Pages of the payroll that are on their way when the service is killed. */
const PAGES = 3;

describe('a payroll that is reversed', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 1 });
  });
  afterAll(() => mesh.close());

  test('leaves nothing behind, over a kill in its middle, and once', async () => {
    const payroll = makePayroll(random, { accounts: 500, items: ITEMS, dirt: 0.02 });
    const accepted = BigInt(countOutcome(payroll.items, 'accepted'));
    await openAccounts(mesh.client, payroll);
    await sendDeposits(mesh.client, payroll);

    const reversal = reversalOf(payroll, 'sent by mistake');
    const { submissionId } = reversal;
    const request = {
      submissionId,
      reversedSubmissionId: payroll.submissionId,
      reason: 'sent by mistake',
    };
    const reversing = reverseSubmission(mesh.client.bulk, request);
    reversing.catch(() => undefined);
    await pageTaken(PAGES);
    await until('a part stored', async () => (await storedItems(mesh.stores, submissionId)) > 0);
    await mesh.kill('command-1');
    const stored = await storedItems(mesh.stores, submissionId);
    expect(stored, `seed ${seed}`).toBeGreaterThan(0);
    expect(stored, `seed ${seed}`).toBeLessThan(Number(accepted));
    await mesh.restart('command-1');

    const receipt = await reversing;
    expect(receipt).toMatchObject({ received: accepted, rejected: 0n, replayed: 0n });
    expect(receipt.accepted + receipt.duplicate).toBe(accepted);
    expect(receipt.duplicate).toBeGreaterThan(0n);
    expect(receipt.submission?.totalItems).toBe(accepted);

    const again = await reverseSubmission(mesh.client.bulk, request);
    expect(again).toMatchObject({ received: accepted, duplicate: accepted, accepted: 0n });
    expect(again.submission).toEqual(receipt.submission);
    const feed = await readFeed(mesh.client, submissionId);
    const acknowledgements = new Map([[submissionId, feed]]);
    const payrolls = [payroll, reversal];
    await checkLedger({ stores: mesh.stores, seed, payrolls, acknowledgements });
  });

  /** Resolves when so many pages have found their place; the replica is held behind the last. */
  async function pageTaken(pages: number): Promise<void> {
    let point = mesh.points.arm(PAGE);
    await point.reached();
    for (let page = 1; page < pages; page++) {
      const next = mesh.points.arm(PAGE);
      point.release();
      await next.reached();
      point = next;
    }
  }
});

const PAGE = 'reversal.after-page';
