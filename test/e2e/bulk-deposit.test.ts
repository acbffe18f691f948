/**
 * The way of a payroll without faults: dirt and all, in parallel parts, with nothing accepted, and
 * followed before, during and after. Nothing is filled from the outbox: all of it came by Kafka.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { ListEntriesRequest } from '#proto/bank/v1/account_query_service.ts';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger, filledRecords } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import {
  countOutcome,
  expectedBalances,
  makePayroll,
  type Payroll,
} from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

describe('a bulk deposit', () => {
  let mesh: Mesh;
  let filledBefore: bigint;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 1, query: 1 });
    // Kafka has brought something to every partition before the count begins.
    const warmUp = makePayroll(random, { accounts: 200, items: 0 });
    await openAccounts(mesh.client, warmUp);
    await waitForProjection(mesh.stores);
    filledBefore = await filledRecords(mesh.stores);
  });
  afterAll(() => mesh.close());

  const check = (payroll: Payroll, feed: Awaited<ReturnType<typeof readFeed>>) =>
    checkLedger({
      stores: mesh.stores,
      seed,
      payrolls: [payroll],
      acknowledgements: new Map([[payroll.submissionId, feed]]),
      filledBefore,
    });

  test('stores, counts and acknowledges a payroll with dirt', async () => {
    const payroll = makePayroll(random, {
      accounts: 40,
      items: 3000,
      dirt: 0.1,
      operationIds: 0.5,
    });
    await openAccounts(mesh.client, payroll);
    const before = readFeed(mesh.client, payroll.submissionId);
    const receipt = await sendDeposits(mesh.client, payroll);
    const accepted = countOutcome(payroll.items, 'accepted');
    const replayed = countOutcome(payroll.items, 'replayed');
    expect(receipt).toMatchObject({
      received: 3000n,
      accepted: BigInt(accepted),
      replayed: BigInt(replayed),
      rejected: BigInt(3000 - accepted - replayed),
      duplicate: 0n,
      submission: { totalItems: 3000n, nextItemIndex: 3000n, missing: [] },
    });
    await check(payroll, await before);
    await check(payroll, await readFeed(mesh.client, payroll.submissionId));
  });

  test('is seen by the queries, no older than the version asked for', async () => {
    const payroll = makePayroll(random, { accounts: 3, items: 60 });
    await openAccounts(mesh.client, payroll);
    await sendDeposits(mesh.client, payroll);
    const { queries } = mesh.client;
    for (const [accountId, balance] of expectedBalances([payroll])) {
      const deposits = payroll.items.filter((item) => item.accountId === accountId).length;
      const minVersion = BigInt(deposits + 1);
      const { account } = await unaryCall(queries.getAccount.bind(queries), {
        accountId,
        minVersion,
      });
      expect(account?.balance?.minorUnits).toBe(balance);
      expect(account?.asOfVersion).toBe(minVersion);
      const list = queries.listEntries.bind(queries);
      let listed = 0;
      for (let pageToken = ''; ;) {
        const request = ListEntriesRequest.fromPartial({ accountId, pageSize: 7, pageToken });
        const page = await unaryCall(list, request);
        listed += page.entries.length;
        pageToken = page.nextPageToken;
        if (pageToken === '') break;
      }
      expect(listed).toBe(deposits + 1);
    }
    await check(payroll, await readFeed(mesh.client, payroll.submissionId));
  });

  test('completes a submission with nothing accepted', async () => {
    const payroll = makePayroll(random, { accounts: 2, items: 50 });
    for (const item of payroll.items)
      Object.assign(item, { amountMinor: 0n, outcome: 'INVALID_ITEM' });
    await openAccounts(mesh.client, payroll);
    const receipt = await sendDeposits(mesh.client, payroll);
    expect(receipt).toMatchObject({ accepted: 0n, rejected: 50n });
    expect(receipt.firstRejections[0]).toMatchObject({ itemIndex: 0n, reason: 'INVALID_ITEM' });
    const feed = await readFeed(mesh.client, payroll.submissionId);
    expect(feed.at(-1)?.progress).toMatchObject({ acceptedTotal: 0n, complete: true });
    await check(payroll, feed);
  });

  test('takes a file in parallel parts', async () => {
    const payroll = makePayroll(random, { accounts: 30, items: 2000 });
    await openAccounts(mesh.client, payroll);
    const parts = [0, 500, 1000, 1500];
    const feed = readFeed(mesh.client, payroll.submissionId);
    await Promise.all(
      parts.map((from) => {
        const end = from + 500;
        const options = { endItemIndex: BigInt(end), leaveOpen: true };
        return sendDeposits(mesh.client, { ...payroll, from, end, options });
      }),
    );
    const { bulk } = mesh.client;
    const { submission } = await unaryCall(bulk.closeSubmission.bind(bulk), {
      submissionId: payroll.submissionId,
      endItemIndex: 2000n,
      controlTotals: undefined,
    });
    expect(submission).toMatchObject({ accepted: 2000n, totalItems: 2000n });
    await check(payroll, await feed);
  });

  test('resumes a feed at every token', async () => {
    const payroll = makePayroll(random, { accounts: 10, items: 400 });
    await openAccounts(mesh.client, payroll);
    for (const from of [0, 100, 200, 300]) {
      const options = { leaveOpen: true, endItemIndex: BigInt(from + 100) };
      await sendDeposits(mesh.client, { ...payroll, from, end: from + 100, options });
    }
    await sendDeposits(mesh.client, { ...payroll, from: 400 });
    const whole = await readFeed(mesh.client, payroll.submissionId);
    await check(payroll, whole);
    for (const [n, { resumeToken, progress }] of whole.entries()) {
      if (progress?.complete === true) continue;
      const rest = await readFeed(mesh.client, payroll.submissionId, { resumeToken });
      await check(payroll, [...whole.slice(0, n + 1), ...rest]);
    }
  });
});
