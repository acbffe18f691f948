/**
 * What is stored of a submission, as its methods tell it: counters, refusals, item by item.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BulkServiceService as BULK } from '#proto/bank/v1/bulk_service.ts';
import { callUnary, failureOf } from '#test/support/intake-replica.ts';
import {
  allResults,
  closing,
  key,
  LEAVE_OPEN,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';

const unknown = randomUUID();
let bench: SubmissionBench;

beforeAll(async () => {
  bench = await openSubmissionBench();
});

afterAll(() => bench.close());

describe('what is stored', () => {
  it('is counted, listed and told item by item', async () => {
    const { a, deposit, submissionOf } = bench;
    const operationId = randomUUID();
    const items = [
      deposit(0),
      deposit(1, { accountId: unknown }),
      deposit(2, { amount: { currencyCode: 'USD', minorUnits: 1n } }),
      deposit(3, { valueDate: '2026-02-30' }),
      deposit(4, { operationId }),
      deposit(4, { operationId }),
      deposit(4, { operationId, reference: 'other' }),
      deposit(7),
    ];
    const receipt = await upload(a, 'dirt', { deposits: items });
    expect(receipt).toMatchObject({ received: 8n, accepted: 3n, rejected: 4n, replayed: 1n });
    expect(receipt.firstRejections).toMatchObject([
      { itemIndex: 1n, reason: 'ACCOUNT_NOT_FOUND', accountId: unknown },
      { itemIndex: 2n, reason: 'CURRENCY_MISMATCH' },
      { itemIndex: 3n, reason: 'INVALID_ITEM', field: 'value_date' },
      { itemIndex: 6n, reason: 'OPERATION_ID_REUSED', operationId },
    ]);
    expect(await submissionOf('dirt')).toMatchObject({
      state: 2,
      accepted: 3n,
      rejected: 4n,
      replayed: 1n,
      acceptedAmounts: [{ currencyCode: 'EUR', minorUnits: 1n + 5n + 8n }],
      nextItemIndex: 8n,
      totalItems: 8n,
      missing: [],
    });
    const results = await allResults(a, 'dirt', 3);
    expect(results.map(({ outcome }) => outcome?.$case)).toEqual([
      'receipt',
      'rejection',
      'rejection',
      'rejection',
      'receipt',
      'receipt',
      'rejection',
      'receipt',
    ]);
    expect(results.map(({ itemIndex }) => Number(itemIndex))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const [, , , , first, again] = results.map(({ outcome }) =>
      outcome?.$case === 'receipt' ? outcome.value : undefined,
    );
    expect(again).toMatchObject({ operationId, version: first?.version, replayed: true });
    expect(first?.replayed).toBe(false);
  });

  it('adds up beyond what one amount holds', async () => {
    const { a, deposit } = bench;
    const most = { currencyCode: 'EUR', minorUnits: 2n ** 63n - 1n };
    const owners = Array.from({ length: 40 }, () => ({ currencyCode: 'EUR' }));
    await a.openAccounts({ submissionId: 'rich-owners', accounts: owners });
    const opened = await allResults(a, 'rich-owners', 1000);
    const items = opened.map(({ outcome }, index) => {
      const accountId = outcome?.$case === 'receipt' ? outcome.value.accountId : '';
      return deposit(index, { accountId, amount: most });
    });
    const { submission } = await upload(a, 'rich', { deposits: items });
    const amounts = submission?.acceptedAmounts.map(({ minorUnits }) => minorUnits) ?? [];
    expect(amounts.reduce((sum, part) => sum + part, 0n)).toBe(40n * most.minorUnits);
  });

  it('is listed by pages, whose tokens are of one submission', async () => {
    const { a, b, deposits } = bench;
    const page = { submissionId: 'dirt', pageSize: 3, pageToken: '' };
    const first = await callUnary(a.bulk, BULK.listRejections, page);
    expect(first.rejections.map(({ itemIndex }) => itemIndex)).toEqual([1n, 2n, 3n]);
    const next = { ...page, pageToken: first.nextPageToken };
    const second = await callUnary(b.bulk, BULK.listRejections, next);
    expect(second.rejections.map(({ itemIndex }) => itemIndex)).toEqual([6n]);
    expect(second.nextPageToken).toBe('');
    await upload(a, 'another', { deposits: deposits(0, 1) });
    const foreign = callUnary(a.bulk, BULK.listRejections, { ...next, submissionId: 'another' });
    expect(await failureOf(foreign)).toBe('3 page_token');
    expect(
      await failureOf(callUnary(a.bulk, BULK.listItemResults, { ...page, pageSize: -1 })),
    ).toBe('3 page_size');
  });

  it('is listed newest first, all or the open ones, by pages of one list', async () => {
    const { a, b, deposits, submissionOf } = bench;
    for (const [id, options] of [
      ['listed-1', undefined],
      ['listed-2', LEAVE_OPEN],
      ['listed-3', undefined],
    ] as const) {
      await upload(a, id, { deposits: deposits(0, 3), options });
    }
    const ask = (pageSize: number, pageToken = '', openOnly = false) =>
      callUnary(b.bulk, BULK.listSubmissions, { pageSize, pageToken, openOnly });
    const first = await ask(2);
    expect(first.submissions).toMatchObject([
      { submissionId: 'listed-3', accepted: 3n, totalItems: 3n, state: 2 },
      { submissionId: 'listed-2', accepted: 3n, totalItems: undefined, state: 1 },
    ]);
    const { nextItemIndex, missing, ...told } = await submissionOf('listed-3');
    expect({ nextItemIndex, missing }).toEqual({ nextItemIndex: 3n, missing: [] });
    expect(first.submissions[0]).toMatchObject(told);
    const second = await ask(1, first.nextPageToken);
    expect(second.submissions.map(({ submissionId }) => submissionId)).toEqual(['listed-1']);
    const open = await ask(100, '', true);
    expect(open.submissions.map(({ submissionId }) => submissionId)).toEqual(['listed-2']);
    expect(open.nextPageToken).toBe('');
    expect(await failureOf(ask(2, first.nextPageToken, true))).toBe('3 page_token');
    const { tenant } = key('');
    const odd = Buffer.from(JSON.stringify([tenant, false, '1', 'a\0b'])).toString('base64url');
    expect(await failureOf(ask(2, odd))).toBe('3 page_token');
    const all = await bench.count(
      'select count(*) as n from submissions where tenant = $1',
      tenant,
    );
    const everyOne = await ask(1_000);
    expect(everyOne.submissions).toHaveLength(all);
  });

  it('of an unknown submission is SUBMISSION_NOT_FOUND', async () => {
    const { a } = bench;
    const submissionId = 'nobody';
    const page = { submissionId, pageSize: 0, pageToken: '' };
    const failures = await Promise.all([
      failureOf(callUnary(a.bulk, BULK.getSubmission, { submissionId })),
      failureOf(callUnary(a.bulk, BULK.listRejections, page)),
      failureOf(callUnary(a.bulk, BULK.listItemResults, page)),
      failureOf(callUnary(a.bulk, BULK.closeSubmission, closing(submissionId))),
    ]);
    expect(failures).toEqual(new Array<string>(4).fill('5 SUBMISSION_NOT_FOUND'));
  });
});
