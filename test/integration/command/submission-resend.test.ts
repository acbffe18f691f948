/**
 * Sending again: what is stored changes nothing, on an open submission and on a closed one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BulkServiceService as BULK } from '#proto/bank/v1/bulk_service.ts';
import {
  callUnary,
  failureOf,
  openDepositStream,
  type IntakeReplica,
} from '#test/support/intake-replica.ts';
import {
  LEAVE_OPEN,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { until } from '#test/support/until.ts';

const EVENTS = 'select count(*) as n from events';

let bench: SubmissionBench;

beforeAll(async () => {
  bench = await openSubmissionBench();
});

afterAll(() => bench.close());

describe('sending again', () => {
  it('stores nothing, on a closed submission as on an open one', async () => {
    const { a, b, count, deposits } = bench;
    const open = { deposits: deposits(0, 500), options: LEAVE_OPEN };
    await upload(a, 'twice', open);
    const before = await count(EVENTS);
    const again = await upload(b, 'twice', open);
    expect(again).toMatchObject({ received: 500n, duplicate: 500n, accepted: 0n });
    await upload(a, 'twice', { deposits: deposits(0, 500) });
    const closed = await upload(b, 'twice', { deposits: deposits(0, 500) });
    expect(closed).toMatchObject({ received: 500n, duplicate: 500n, submission: { state: 2 } });
    expect(await count(EVENTS)).toBe(before);
  });

  it('with other content is refused in the receipt and not stored', async () => {
    const { a, b, deposit, deposits } = bench;
    await upload(a, 'changed', { deposits: deposits(0, 3), options: LEAVE_OPEN });
    const changed = [deposit(0), deposit(1, { reference: 'other' }), deposit(2), deposit(3)];
    const receipt = await upload(b, 'changed', { deposits: changed, options: LEAVE_OPEN });
    expect(receipt).toMatchObject({ duplicate: 2n, rejected: 1n, accepted: 1n });
    expect(receipt.firstRejections).toMatchObject([
      { itemIndex: 1n, reason: 'OPERATION_ID_REUSED' },
    ]);
    const page = { submissionId: 'changed', pageSize: 0, pageToken: '' };
    expect((await callUnary(a.bulk, BULK.listRejections, page)).rejections).toEqual([]);
  });

  it('a malformed item is a duplicate too', async () => {
    const { a, deposit } = bench;
    const bad = [deposit(0, { accountId: 'no uuid' }), deposit(1, { amount: undefined })];
    await upload(a, 'malformed', { deposits: bad, options: LEAVE_OPEN });
    const again = await upload(a, 'malformed', { deposits: bad });
    expect(again).toMatchObject({ duplicate: 2n, rejected: 0n, submission: { rejected: 2n } });
  });

  it('above the total of a closed submission ends the stream', async () => {
    const { a, b, deposits, storedItems } = bench;
    await upload(a, 'ended', { deposits: deposits(0, 3) });
    const more = upload(b, 'ended', { deposits: deposits(0, 4) });
    expect(await failureOf(more)).toBe('9 SUBMISSION_CLOSED');
    expect(await storedItems('ended')).toBe(3);
  });

  it('goes on where a cancelled stream broke, in another window of indexes too', async () => {
    const { a, b, deposits, claimsOf, submissionOf, whenStored } = bench;
    const stream = openDepositStream(a, 'broken');
    await stream.send({ deposits: deposits(0, 5000) });
    await stream.send({ deposits: deposits(5000, 10_000) });
    await stream.send({ deposits: deposits(20_000, 25_000), firstItemIndex: 20_000n });
    await whenStored('broken', 15_000);
    stream.cancel();
    await until('the claim is gone', async () => (await claimsOf('broken')) === 0);
    expect(await submissionOf('broken')).toMatchObject({
      nextItemIndex: 10_000n,
      missing: [{ firstItemIndex: 10_000n, endItemIndex: 20_000n }],
    });
    const all = Array.from({ length: 5 }, (_, i) => deposits(i * 5000, (i + 1) * 5000));
    const receipt = await upload(b, 'broken', ...all.map((one) => ({ deposits: one })));
    expect(receipt).toMatchObject({ duplicate: 15_000n, accepted: 10_000n });
    expect(receipt.submission).toMatchObject({ totalItems: 25_000n, missing: [] });
  });

  it('accounts that name neither id nor operation are the same accounts', async () => {
    const { a, b } = bench;
    const owners = [{ owner: 'Ada' }, { owner: 'Bob' }].map((one) => ({
      ...one,
      currencyCode: 'EUR',
    }));
    const send = async (replica: IntakeReplica) => {
      const { receipt } = await replica.openAccounts({ submissionId: 'unnamed', accounts: owners });
      return receipt;
    };
    expect(await send(a)).toMatchObject({ accepted: 2n });
    expect(await send(b)).toMatchObject({ duplicate: 2n });
  });
});
