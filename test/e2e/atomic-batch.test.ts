/**
 * An atomic batch over many partitions, through the whole mesh: its replica is killed before and
 * after its commit, its answers are lost, another replica writes in the middle of it. It is stored
 * whole or not at all, and a resend answers which; acknowledgements tell it whole.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { depositItem, faultOf, openAccounts, readFeed } from '#test/support/bank-calls.ts';
import {
  startCuttingProxy,
  type CutMoment,
  type CuttingProxy,
} from '#test/support/cutting-proxy.ts';
import { sendBatch } from '#test/support/direct-batches.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, partOf, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

const MOMENTS: CutMoment[] = ['before the server has seen it', 'after the server has committed'];

describe('an atomic batch over many partitions', () => {
  let mesh: Mesh;
  let proxy: CuttingProxy;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
    proxy = await startCuttingProxy(mesh.stack.postgres);
    const env = { BANK_EVENT_STORE_URL: mesh.eventStoreUrlAt(proxy) };
    await mesh.start('command', 'command-3', env);
  });
  afterAll(async () => {
    await mesh.close();
    await proxy.close();
  });

  const one = () => mesh.connectedTo('command-1');
  const two = () => mesh.connectedTo('command-2');
  const cut = () => mesh.connectedTo('command-3');

  async function payroll(accounts = 40, items = 200): Promise<Payroll> {
    const made = makePayroll(random, { accounts, items });
    await openAccounts(await two(), made);
    return made;
  }

  async function check(payrolls: readonly Payroll[], alone?: Payroll): Promise<void> {
    const acknowledgements = new Map();
    for (const { submissionId } of payrolls) {
      acknowledgements.set(submissionId, await readFeed(mesh.client, submissionId));
    }
    const more = alone === undefined ? {} : { alone };
    await checkLedger({ stores: mesh.stores, seed, payrolls, acknowledgements, ...more });
  }

  async function rowsOf(submissionId: string): Promise<number> {
    const { rows } = await mesh.stores.eventStore.query<{ n: number }>(
      'select count(*)::integer as n from submission_batches where submission_id = $1',
      [submissionId],
    );
    return rows[0]?.n ?? 0;
  }

  test('is acknowledged whole', async () => {
    const made = await payroll();
    expect((await sendBatch(await one(), made)).receipt).toMatchObject({ accepted: 200n });
    expect(await rowsOf(made.submissionId)).toBeGreaterThan(8);
    await check([made]);
  });

  test.each([
    ['before', 'append.before-commit', 0n],
    ['after', 'append.committed', 200n],
  ] as const)('whose replica is killed %s its commit', async (_when, name, duplicate) => {
    const made = await payroll();
    const point = mesh.points.arm(name, { instance: 'command-1' });
    const first = sendBatch(await one(), made);
    await point.reached();
    await mesh.kill('command-1');
    point.release();
    await faultOf(first);
    expect((await rowsOf(made.submissionId)) > 0).toBe(duplicate > 0n);
    await mesh.restart('command-1');
    const { receipt, results } = await sendBatch(await two(), made);
    expect(receipt).toMatchObject({ duplicate, accepted: 200n - duplicate });
    expect(results.map(({ itemIndex }) => Number(itemIndex))).toEqual([...Array(200).keys()]);
    await check([made]);
  });

  test.each(MOMENTS)('whose COMMIT is not answered, cut %s', async (moment) => {
    const made = await payroll();
    // The first commit is that of its claim.
    const lost = proxy.arm({ text: 'commit', moment, skip: 1 });
    const { receipt } = await sendBatch(await cut(), made);
    await lost.done;
    expect(receipt).toMatchObject({ accepted: 200n, duplicate: 0n });
    await check([made]);
  });

  test('that loses its connection between the rows of two partitions', async () => {
    const made = await payroll();
    const moment = 'before the server has seen it';
    const lost = proxy.arm({ text: 'append-batch', moment, skip: 3 });
    expect((await sendBatch(await cut(), made)).receipt).toMatchObject({ accepted: 200n });
    await lost.done;
    await check([made]);
  });

  test('and another replica that has decided before it, and appends after it', async () => {
    const made = await payroll(1, 21);
    const parts = [partOf(made, 0, 20), partOf(made, 20, 21)] as const;
    const [item] = parts[1].items;
    if (item === undefined) throw new Error('no item');
    const point = mesh.points.arm('append.before-send', { instance: 'command-2' });
    const { accounts } = await two();
    const single = unaryCall(accounts.deposit.bind(accounts), {
      ...depositItem(item),
      expectedVersion: 0n,
      validateOnly: false,
    });
    await point.reached();
    expect((await sendBatch(await one(), parts[0])).receipt).toMatchObject({ accepted: 20n });
    point.release();
    expect((await single).receipt?.version).toBe(22n);
    await check([parts[0]], { ...parts[1], submissionId: 'alone' });
  });

  test('and another replica that writes while it holds the heads', async () => {
    const made = await payroll(1, 21);
    const parts = [partOf(made, 0, 20), partOf(made, 20, 21)] as const;
    const point = mesh.points.arm('append.before-commit', { instance: 'command-1' });
    const batch = sendBatch(await one(), parts[0]);
    await point.reached();
    const other = sendBatch(await two(), parts[1]);
    point.release();
    const answers = await Promise.all([batch, other]);
    expect(answers.map(({ receipt }) => receipt?.accepted)).toEqual([20n, 1n]);
    await check(parts);
  });

  test('that is refused leaves nothing, also when its replica is killed meanwhile', async () => {
    const made = await payroll();
    const bad = { ...made, items: made.items.map((item) => ({ ...item })) };
    Object.assign(bad.items.at(-1) ?? {}, { accountId: random.uuid() });
    const fault = await faultOf(sendBatch(await one(), bad));
    expect(fault).toMatchObject({ reason: 'ACCOUNT_NOT_FOUND' });
    const point = mesh.points.arm('append.head-held', { instance: 'command-1' });
    const killed = sendBatch(await one(), bad);
    await point.reached();
    await mesh.kill('command-1');
    point.release();
    await faultOf(killed);
    await mesh.restart('command-1');
    expect((await sendBatch(await two(), made)).receipt).toMatchObject({
      accepted: 200n,
      duplicate: 0n,
    });
    await check([made]);
  });
});
