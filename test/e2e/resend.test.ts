/**
 * The same file again: a resend changes nothing, whatever part of it comes. A file with a line put
 * in is another file under an old name: what differs is refused item by item, what is beyond the
 * end ends the stream.
 */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultOf, openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

describe('a file that is sent again', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 1 });
  });
  afterAll(() => mesh.close());

  test('changes nothing when it is the same', async () => {
    const payroll = makePayroll(random, {
      accounts: 20,
      items: 1500,
      dirt: 0.1,
      operationIds: 0.3,
    });
    await openAccounts(mesh.client, payroll);
    await sendDeposits(mesh.client, payroll);
    const again = await sendDeposits(mesh.client, payroll);
    expect(again).toMatchObject({ received: 1500n, duplicate: 1500n, accepted: 0n, rejected: 0n });
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll] });
  });

  test('goes on where an open one stopped, and repeats nothing', async () => {
    const payroll = makePayroll(random, { accounts: 20, items: 900 });
    await openAccounts(mesh.client, payroll);
    await sendDeposits(mesh.client, { ...payroll, end: 400, options: { leaveOpen: true } });
    const rest = await sendDeposits(mesh.client, payroll);
    expect(rest).toMatchObject({ received: 900n, duplicate: 400n, accepted: 500n });
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll] });
  });

  test('is refused from a line that was put in, and ends beyond the old end', async () => {
    const payroll = makePayroll(random, { accounts: 10, items: 600 });
    await openAccounts(mesh.client, payroll);
    await sendDeposits(mesh.client, payroll);
    const [extra] = makePayroll(random, { accounts: 1, items: 1 }).items;
    if (extra === undefined) throw new Error('no item was made');
    const items = payroll.items.toSpliced(500, 0, extra);

    // One message of exactly the old items: what differs is refused in the receipt, nothing is
    // stored.
    const below = await sendDeposits(mesh.client, {
      ...payroll,
      items,
      end: 600,
      messageItems: 600,
    });
    expect(below).toMatchObject({ received: 600n, duplicate: 500n, rejected: 100n, accepted: 0n });
    expect(below.firstRejections[0]).toMatchObject({
      itemIndex: 500n,
      reason: 'OPERATION_ID_REUSED',
    });
    const fault = await faultOf(sendDeposits(mesh.client, { ...payroll, items }));
    expect(fault.code).toBe(status.FAILED_PRECONDITION);
    expect(fault.reason).toBe('SUBMISSION_CLOSED');
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll] });
  });
});
