/**
 * What a file's trailer says is held against what is stored before its submission closes, whoever
 * closes it: a stream of any kind, or CloseSubmission.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import {
  BulkServiceService as BULK,
  ControlTotals,
  UploadOptions,
  type DeepPartial,
} from '#proto/bank/v1/bulk_service.ts';
import {
  callUnary,
  failureOf,
  isServiceError,
  openDepositStream,
} from '#test/support/intake-replica.ts';
import { accountAfter, on } from '#test/support/command-calls.ts';
import { depositing, openSubmitStream, submitBatch } from '#test/support/operations.ts';
import {
  LEAVE_OPEN,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { operation } from '#test/support/transfers.ts';

let bench: SubmissionBench;

beforeAll(async () => {
  bench = await openSubmissionBench();
});

afterAll(() => bench.close());

const EUR = (minorUnits: bigint) => ({ currencyCode: 'EUR', minorUnits });
const stating = (controlTotals: DeepPartial<ControlTotals>): UploadOptions =>
  UploadOptions.fromPartial({ controlTotals });
const MISMATCH = '9 CONTROL_TOTALS_MISMATCH';

async function close(submissionId: string, totals: DeepPartial<ControlTotals>) {
  const controlTotals = ControlTotals.fromPartial(totals);
  const request = { submissionId, endItemIndex: undefined, controlTotals };
  const { submission } = await callUnary(bench.b.bulk, BULK.closeSubmission, request);
  return submission;
}

async function metadataOf(promise: Promise<unknown>): Promise<Record<string, string>> {
  const error: unknown = await promise.catch((caught: unknown) => caught);
  if (!isServiceError(error)) throw new Error('the call did not fail');
  return decodeStatusDetails(error.metadata)?.metadata ?? {};
}

describe('control totals', () => {
  it('close a file that is what they say, refused items counted and not summed', async () => {
    const { a, deposits, deposit } = bench;
    const refused = deposit(3, { amount: { currencyCode: 'CHF', minorUnits: 9n } });
    const options = stating({ items: 4n, amounts: [EUR(6n), { currencyCode: 'CHF' }] });
    const receipt = await upload(a, 'right', { deposits: [...deposits(0, 3), refused], options });
    expect(receipt.submission).toMatchObject({ accepted: 3n, rejected: 1n, totalItems: 4n });
  });

  it('that differ leave the submission open and name the first difference', async () => {
    const { a, deposits, submissionOf } = bench;
    const options = stating({ items: 4n, amounts: [EUR(6n)] });
    const wrong = upload(a, 'wrong', { deposits: deposits(0, 3), options });
    expect(await metadataOf(wrong)).toEqual({ field: 'items', stated: '4', stored: '3' });
    expect(await failureOf(wrong)).toBe(MISMATCH);
    expect((await submissionOf('wrong')).totalItems).toBeUndefined();
    // The line that was forgotten, or the totals as they are.
    const amounts = close('wrong', { items: 3n, amounts: [EUR(7n)] });
    expect(await metadataOf(amounts)).toEqual({ field: 'amounts.EUR', stated: '7', stored: '6' });
    expect(await close('wrong', { items: 3n, amounts: [EUR(6n)] })).toMatchObject({
      totalItems: 3n,
    });
  });

  it('that differ leave the streams of the submission their claims', async () => {
    const { a, deposits, whenStored, claimIdOf } = bench;
    const stream = openDepositStream(a, 'shared');
    await stream.send({ deposits: deposits(0, 5), options: LEAVE_OPEN });
    await whenStored('shared', 5);
    const claim = await claimIdOf('shared');
    expect(await failureOf(close('shared', { items: 6n }))).toBe(MISMATCH);
    expect(await claimIdOf('shared')).toBe(claim);
    await stream.send({ deposits: deposits(5, 6) });
    expect(await stream.finish()).toMatchObject({ accepted: 6n });
    expect(await close('shared', { items: 6n })).toMatchObject({ totalItems: 6n });
  });

  it('are held against a closed submission too', async () => {
    const { a, deposits } = bench;
    const right = stating({ amounts: [EUR(3n)] });
    const again = () => upload(a, 'closed', { deposits: deposits(0, 2), options: right });
    await again();
    expect(await again()).toMatchObject({ duplicate: 2n });
    expect(await close('closed', { items: 2n })).toMatchObject({ totalItems: 2n });
    expect(await failureOf(close('closed', { items: 3n }))).toBe(MISMATCH);
    const wrong = { deposits: deposits(0, 2), options: stating({ items: 1n }) };
    expect(await failureOf(upload(a, 'closed', wrong))).toBe(MISMATCH);
  });

  it('hold in streams of accounts and of mixed commands', async () => {
    const { a, deposit } = bench;
    const accounts = [{ currencyCode: 'EUR' }, { currencyCode: 'none' }];
    const options = { controlTotals: { items: 1n } };
    const opening = a.openAccounts({ submissionId: 'accounts', accounts, options });
    expect(await failureOf(opening)).toBe(MISMATCH);
    const fits = { controlTotals: { items: 2n } };
    const { receipt } = await a.openAccounts({ submissionId: 'accounts', accounts, options: fits });
    expect(receipt).toMatchObject({ duplicate: 2n, submission: { totalItems: 2n } });

    const stream = openSubmitStream(a, 'mixed');
    const operations = [depositing(deposit(0).accountId, 1)];
    await stream.send({ operations, options: stating({ amounts: [EUR(2n)] }) });
    stream.halfClose();
    expect(await failureOf(stream.ended)).toBe(MISMATCH);
  });

  it('count what a sweep moves', async () => {
    const { a, deposit } = bench;
    const from = await accountAfter(a, { $case: 'deposit', amount: EUR(7n) });
    const sweep = on(from, { $case: 'closeAccount', sweepTo: deposit(0).accountId, reason: 'r' });
    const { receipt } = await submitBatch(a, 'sweep', [operation(sweep)]);
    expect(receipt?.submission?.acceptedAmounts).toEqual([EUR(7n)]);
    expect(await close('sweep', { amounts: [EUR(7n)] })).toMatchObject({ totalItems: 1n });
  });

  it('come after gaps, and before nothing is closed by the stream', async () => {
    const { a, deposits } = bench;
    const holed = { deposits: deposits(0, 1), firstItemIndex: 1n, options: stating({ items: 9n }) };
    expect(await failureOf(upload(a, 'holed', holed))).toBe('9 SUBMISSION_INCOMPLETE');
    const left = stating({ items: 1n });
    left.leaveOpen = true;
    const open = upload(a, 'left', { deposits: deposits(0, 1), options: left });
    expect(await failureOf(open)).toBe('3 options.control_totals');
  });

  it.each([
    ['items', { items: -1n }],
    ['amounts[0].currency_code', { amounts: [{ currencyCode: 'euro' }] }],
    ['amounts[0].minor_units', { amounts: [EUR(-1n)] }],
    ['amounts[1].currency_code', { amounts: [EUR(1n), EUR(2n)] }],
    ['amounts', { amounts: Array.from({ length: 100_000 }, () => EUR(-1n)) }],
  ])('that are malformed are named: %s', async (field, totals) => {
    const { a, deposits } = bench;
    expect(await failureOf(close('malformed', totals))).toBe(`3 control_totals.${field}`);
    const sent = upload(a, 'malformed', { deposits: deposits(0, 1), options: stating(totals) });
    expect(await failureOf(sent)).toBe(`3 options.control_totals.${field}`);
  });
});
