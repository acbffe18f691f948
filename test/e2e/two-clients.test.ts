/**
 * Two clients in one submission on two replicas: the later takes over, whatever the earlier has in
 * flight. The interleaving is forced: the first replica stands before it sends an append while the
 * second client opens, sends everything and closes; then the append goes out and must find its
 * claim gone.
 */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { faultOf, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';
import { storedContent } from '#test/support/stored-content.ts';

const MESSAGE_ITEMS = 250;

describe('two clients in one submission', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
  });
  afterAll(() => mesh.close());

  /** The first client is stopped in an append while the second sends `second`, whole. */
  async function overtake(first: Payroll, second: Payroll) {
    const [one, two] = [mesh.clientOf('command-1'), mesh.clientOf('command-2')];
    await openAccounts(one, first);
    const point = mesh.points.arm('append.before-send', { instance: 'command-1' });
    const early = faultOf(
      sendDeposits(one, {
        ...first,
        beforeMessage: async (index) => {
          if (index !== 0) await point.reached();
        },
      }),
    );
    await point.reached();
    // The later one is still sending when the earlier one's append goes out.
    const last = second.items.length - MESSAGE_ITEMS;
    const receipt = await sendDeposits(two, {
      ...second,
      messageItems: MESSAGE_ITEMS,
      beforeMessage: async (index) => {
        if (index !== last) return;
        point.release();
        await early;
      },
    });
    return { fault: await early, receipt };
  }

  test('with the same content: the earlier one ends, nothing comes twice', async () => {
    const payroll = makePayroll(random, { accounts: 25, items: 1500, dirt: 0.1 });
    const { fault, receipt } = await overtake(payroll, payroll);
    expect(fault).toMatchObject({ code: status.ABORTED, reason: 'SUBMISSION_TAKEN_OVER' });
    expect(receipt.received).toBe(1500n);
    const feed = await readFeed(mesh.client, payroll.submissionId);
    const acknowledgements = new Map([[payroll.submissionId, feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
  });

  test('with other content: what is stored stays, the later one gets the rest', async () => {
    const first = makePayroll(random, { accounts: 25, items: 1500 });
    const items = first.items.map((item) => ({ ...item, amountMinor: item.amountMinor + 1n }));
    const second = { ...first, items };
    const { fault, receipt } = await overtake(first, second);
    expect(fault).toMatchObject({ code: status.ABORTED, reason: 'SUBMISSION_TAKEN_OVER' });
    const stored = await storedContent(mesh.stores, first.submissionId, [first, second]);
    const ofFirst = stored.items.filter((item, n) => item === first.items[n]).length;
    expect(receipt).toMatchObject({
      accepted: BigInt(1500 - ofFirst),
      rejected: BigInt(ofFirst),
      duplicate: 0n,
    });
    expect(ofFirst).toBeLessThan(1500);
    for (const { reason } of receipt.firstRejections) expect(reason).toBe('OPERATION_ID_REUSED');
    await checkLedger({ stores: mesh.stores, seed, payrolls: [stored] });
  });

  test('the append finds its claim gone when the later has sent nothing yet', async () => {
    const payroll = makePayroll(random, { accounts: 1, items: 100 });
    const [one, two] = [mesh.clientOf('command-1'), mesh.clientOf('command-2')];
    await openAccounts(one, payroll);
    const point = mesh.points.arm('append.before-send', { instance: 'command-1' });
    const early = faultOf(sendDeposits(one, payroll));
    await point.reached();
    const [claim] = await claimsOf(payroll);
    const receipt = await sendDeposits(two, {
      ...payroll,
      emptyFirst: true,
      beforeMessage: async (index) => {
        if (index === undefined) return;
        await until('the new claim', async () => !(await claimsOf(payroll)).includes(claim ?? ''));
        point.release();
        expect(await early).toMatchObject({ reason: 'SUBMISSION_TAKEN_OVER' });
      },
    });
    expect(receipt).toMatchObject({ accepted: 100n, duplicate: 0n });
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll] });
  });

  async function claimsOf({ submissionId }: Payroll): Promise<string[]> {
    const { rows } = await mesh.stores.eventStore.query<{ claim_id: string }>(
      'select claim_id from submission_claims where submission_id = $1',
      [submissionId],
    );
    return rows.map((row) => row.claim_id);
  }

  test('and a close takes the claim of an upload in flight', async () => {
    // One account, so one lane: nothing of the late stream is stored beside the append that stands.
    const payroll = makePayroll(random, { accounts: 1, items: 600 });
    const [one, two] = [mesh.clientOf('command-1'), mesh.clientOf('command-2')];
    await openAccounts(one, payroll);
    await sendDeposits(one, { ...payroll, end: 300, options: { leaveOpen: true } });
    const point = mesh.points.arm('append.before-send', { instance: 'command-1' });
    const late = faultOf(sendDeposits(one, { ...payroll, from: 300 }));
    await point.reached();
    const { submissionId } = payroll;
    const { submission } = await unaryCall(two.bulk.closeSubmission.bind(two.bulk), {
      submissionId,
      endItemIndex: 300n,
      controlTotals: undefined,
    });
    expect(submission).toMatchObject({ totalItems: 300n, accepted: 300n });
    point.release();
    const fault = await late;
    expect(fault, fault.message).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'SUBMISSION_CLOSED',
    });
    const stored = { ...payroll, items: payroll.items.slice(0, 300) };
    const feed = await readFeed(mesh.client, submissionId);
    const acknowledgements = new Map([[submissionId, feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [stored], acknowledgements });
  });
});
