/**
 * An upload of any iterable: parts side by side, each item stored once whatever breaks, a run of
 * before gone on with, and nothing sent after what cannot be mended.
 */
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { uploadDeposits } from '#client/bulk-upload.ts';
import { CLIENT_DEFAULTS } from '#client/client-defaults.ts';
import { ItemsMissingError, type Items } from '#client/upload-parts.ts';
import { startUpload, type UploadProgress, type UploadRunOptions } from '#client/upload-run.ts';
import { refusal } from '#platform/grpc-errors.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { startFakeBank, unavailable, type FakeBank } from './fake-bank.ts';
import { counted, countedItems, references, RUN_OPTIONS, startDeposits } from './upload-runs.ts';

let bank: FakeBank;
beforeEach(async () => {
  bank = await startFakeBank();
});
afterEach(() => bank.close());

const items = countedItems;
const start = (source: Items<DepositItem>, more: Partial<UploadRunOptions> = {}) =>
  startDeposits(bank, source, more);
const ascending = (a: number, b: number) => a - b;

describe('a run', () => {
  test('stores all items in parts that say where they end, and closes the submission', async () => {
    const seen: UploadProgress[] = [];
    const onProgress = (progress: UploadProgress) => seen.push(progress);
    const run = start(items(35), { onProgress });
    const submission = await run.stored;
    expect(submission.nextItemIndex).toBe(35n);
    expect(references(bank)).toEqual(counted(35));
    expect(bank.isClosed).toBe(true);
    const ends = bank.messages.map(({ options }) => Number(options?.endItemIndex));
    expect(ends.toSorted(ascending)).toEqual([10, 20, 30, 35]);
    expect(bank.messages.every(({ options }) => options?.leaveOpen === true)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ sent: 35, stored: 35, rejected: 0, resumedAt: 0 });
  });

  test('of no items is a closed submission all the same', async () => {
    await start([]).stored;
    expect(bank.messages).toHaveLength(1);
    expect(bank.isClosed).toBe(true);
  });

  test('sends as many parts at once as it is told, and reads no further', async () => {
    let pulled = 0;
    const source = function* () {
      for (const one of items(100)) {
        pulled += 1;
        yield one;
      }
    };
    const third = Promise.withResolvers<undefined>();
    const hold = Promise.withResolvers<undefined>();
    bank.onMessage = async (stream) => {
      if (stream === 2) third.resolve(undefined);
      return await hold.promise;
    };
    const run = start(source(), { concurrency: 3 });
    await third.promise;
    expect(bank.streams).toBe(3);
    expect(pulled).toBe(30);
    hold.resolve(undefined);
    await run.stored;
    expect(references(bank)).toEqual(counted(100));
  });

  test('sends what is missing of a part again, and takes no index of another', async () => {
    let broken = 0;
    bank.onMessage = () => (broken++ % 3 === 0 && broken < 20 ? unavailable() : undefined);
    await start(items(60), { concurrency: 3 }).stored;
    expect(broken).toBeGreaterThan(6);
    expect(references(bank)).toEqual(counted(60));
    const parts = bank.messages.flatMap(({ firstItemIndex = 0n, deposits }) =>
      deposits.length === 0 ? [] : [[firstItemIndex, firstItemIndex + BigInt(deposits.length - 1)]],
    );
    expect(parts.filter(([first = 0n, last = 0n]) => first / 10n !== last / 10n)).toEqual([]);
  });

  test('counts what is stored as sent, also where the line broke before it was told', async () => {
    const upload: typeof uploadDeposits = (bulk, source, request) =>
      uploadDeposits(bulk, source, { ...request, onSent: () => undefined });
    const run = startUpload(bank.client, { method: 'BulkDeposit', upload }, items(25), RUN_OPTIONS);
    await run.stored;
    expect(bank.isClosed).toBe(true);
    expect(run.progress).toMatchObject({ sent: 25, stored: 25 });
  });

  test('waits for its share, where the bank tells when there is room again', async () => {
    const told = { retryAfterMs: 1 };
    const full = refusal(status.RESOURCE_EXHAUSTED, 'QUOTA_EXCEEDED', 'used up', told);
    bank.onMessage = (stream) => (stream === 0 ? full : undefined);
    await start(items(5)).stored;
    expect(references(bank)).toEqual(counted(5));
    bank.onMessage = () => refusal(status.RESOURCE_EXHAUSTED, 'QUOTA_EXCEEDED', 'too many');
    await expect(start(items(6)).stored).rejects.toMatchObject({ mayRetry: false });
  });

  test('asks patiently how far it is, and to close', async () => {
    let refused = 0;
    bank.onCall = () => (refused++ < 6 && refused % 3 !== 0 ? unavailable() : undefined);
    await start(items(5), { retry: { ...RUN_OPTIONS.retry, attempts: 8 } }).stored;
    expect(bank.isClosed).toBe(true);
  });
});

describe('a run of before', () => {
  test('is gone on with when its last items were compared, and nothing new before', async () => {
    const [stored, all] = [CLIENT_DEFAULTS.comparedItems + 20, CLIENT_DEFAULTS.comparedItems + 33];
    await start(items(stored), { leaveOpen: true }).stored;
    bank.messages.length = 0;
    const run = start(items(all));
    await run.stored;
    expect(run.progress).toMatchObject({ resumedAt: stored, stored: all });
    const firsts = bank.messages.map(({ firstItemIndex }) => Number(firstItemIndex));
    const compared = firsts.filter((first) => first < stored);
    expect(compared).toEqual(firsts.slice(0, compared.length));
    expect(Math.min(...compared)).toBe(20);
    expect(firsts.slice(compared.length).toSorted(ascending)).toEqual([stored, stored + 10]);
    expect(references(bank)).toEqual(counted(all));
  });

  test('is compared again where the line broke, before anything new travels', async () => {
    await start(items(20), { leaveOpen: true }).stored;
    bank.messages.length = 0;
    let broken = 0;
    bank.onMessage = () => (broken++ < 2 ? unavailable() : undefined);
    await start(items(25)).stored;
    const sent = bank.messages.map(({ firstItemIndex, deposits }) => [
      Number(firstItemIndex),
      deposits.length,
    ]);
    expect(sent.filter(([first]) => first === 0)).toEqual([
      [0, 10],
      [0, 10],
      [0, 10],
    ]);
    expect(sent.at(-1)).toEqual([20, 5]);
  });

  test('is read from there, where the source can', async () => {
    const stored = CLIENT_DEFAULTS.comparedItems + 20;
    await start(items(stored), { leaveOpen: true }).stored;
    const asked: number[] = [];
    const source = async function* (from: number) {
      asked.push(from);
      yield* items(stored + 5).slice(from);
    };
    await start(source).stored;
    expect(asked).toEqual([20]);
    expect(references(bank)).toEqual(counted(stored + 5));
  });

  test('is not closed by a source that has fewer items', async () => {
    await start(items(20), { leaveOpen: true }).stored;
    await expect(start(items(19)).stored).rejects.toThrow(ItemsMissingError);
    expect(bank.isClosed).toBe(false);
  });
});

test('acknowledgements come once each and count what can be read', async () => {
  bank.feed = (_request, feed) =>
    feed === 0
      ? [{ resumeToken: 'a', progress: progress(2n) }, unavailable()]
      : [{ resumeToken: 'b', progress: progress(5n, true) }];
  const run = start(items(5));
  const tokens: string[] = [];
  for await (const { resumeToken } of run) tokens.push(resumeToken);
  expect(tokens).toEqual(['a', 'b']);
  expect(bank.feeds).toMatchObject([{ resumeToken: '' }, { resumeToken: 'a' }]);
  await run.stored;
  expect(run.progress.visible).toBe(5);
});

function progress(projectedTotal: bigint, complete = false) {
  return { projectedTotal, acceptedTotal: undefined, blockedTotal: 0n, complete };
}
