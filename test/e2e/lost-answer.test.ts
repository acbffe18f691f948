/**
 * The answer to an append is lost: once before the server has seen the request, once after it has
 * committed. The replica may guess neither way: it looks, and then answers from what stands in the
 * log or appends again. A proxy in front of the event store cuts the connection, at the moment that
 * the test names.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { depositItem, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import {
  startCuttingProxy,
  type CutMoment,
  type CuttingProxy,
} from '#test/support/cutting-proxy.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

/** The name of the append's prepared statement: it stands in every append's message. */
const APPEND = 'append-batch';
const MOMENTS: CutMoment[] = ['before the server has seen it', 'after the server has committed'];

describe('the answer to an append is lost', () => {
  let mesh: Mesh;
  let proxy: CuttingProxy;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ projector: 1 });
    proxy = await startCuttingProxy(mesh.stack.postgres);
    await mesh.start('command', 'command-1', { BANK_EVENT_STORE_URL: mesh.eventStoreUrlAt(proxy) });
  });
  afterAll(async () => {
    await mesh.close();
    await proxy.close();
  });

  test.each(MOMENTS)('in a bulk stream, %s', async (moment) => {
    const payroll = makePayroll(random, {
      accounts: 30,
      items: 2000,
      dirt: 0.1,
      operationIds: 0.3,
    });
    await openAccounts(mesh.client, payroll);
    const cut = proxy.arm({ text: APPEND, moment, skip: random.below(4) });
    const receipt = await sendDeposits(mesh.client, payroll);
    await cut.done;
    expect(receipt).toMatchObject({ received: 2000n, duplicate: 0n });
    const feed = await readFeed(mesh.client, payroll.submissionId);
    const acknowledgements = new Map([[payroll.submissionId, feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
  });

  test.each(MOMENTS)('to a batch of refusals only, %s', async (moment) => {
    const payroll = makePayroll(random, { accounts: 2, items: 20 });
    for (const item of payroll.items) {
      Object.assign(item, { currencyCode: 'USD', outcome: 'CURRENCY_MISMATCH' });
    }
    await openAccounts(mesh.client, payroll);
    const cut = proxy.arm({ text: APPEND, moment });
    expect(await sendDeposits(mesh.client, payroll)).toMatchObject({ accepted: 0n, rejected: 20n });
    await cut.done;
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll] });
  });

  test.each(MOMENTS)('to a single deposit, %s', async (moment) => {
    const payroll = makePayroll(random, { accounts: 1, items: 1, operationIds: 1 });
    await openAccounts(mesh.client, payroll);
    const [item] = payroll.items;
    if (item === undefined) throw new Error('no item was made');
    const { accounts } = mesh.client;
    const deposit = () =>
      unaryCall(
        accounts.deposit.bind(accounts),
        { ...depositItem(item), expectedVersion: 0n, validateOnly: false },
        { deadlineMs: 30_000 },
      );
    const cut = proxy.arm({ text: APPEND, moment });
    const { receipt } = await deposit();
    await cut.done;
    expect(receipt).toMatchObject({ version: 2n, replayed: false });
    expect((await deposit()).receipt).toEqual({ ...receipt, replayed: true });
    const query = 'select count(*) as events from events where account_id = $1';
    const { rows } = await mesh.stores.eventStore.query(query, [item.accountId]);
    expect(rows).toEqual([{ events: 2n }]);
  });
});
