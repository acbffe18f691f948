/** How an upload run ends that does not come to its end: by whom, with what error, and cleanly. */
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BankError } from '#client/bank-error.ts';
import type { Items } from '#client/upload-parts.ts';
import type { UploadRunOptions } from '#client/upload-run.ts';
import { refusal } from '#platform/grpc-errors.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { startFakeBank, type FakeBank } from './fake-bank.ts';
import { counted, countedItems, references, startDeposits } from './upload-runs.ts';

let bank: FakeBank;
beforeEach(async () => {
  bank = await startFakeBank();
});
afterEach(() => bank.close());

const items = countedItems;
const start = (source: Items<DepositItem>, more: Partial<UploadRunOptions> = {}) =>
  startDeposits(bank, source, more);

describe('an end', () => {
  test('by a refusal is one error, for who waits and for who reads', async () => {
    bank.onMessage = (stream) =>
      stream === 1 ? refusal(status.ABORTED, 'SUBMISSION_TAKEN_OVER', 'by another') : undefined;
    const run = start(items(1000));
    const error = await run.stored.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(BankError);
    expect(error).toMatchObject({
      code: 'ABORTED',
      reason: 'SUBMISSION_TAKEN_OVER',
      method: 'BulkDeposit',
      mayRetry: false,
    });
    expect(bank.isClosed).toBe(false);
    expect(bank.streams).toBeLessThan(10);
    const read = async () => {
      for await (const message of run) expect(message).toBeUndefined();
    };
    await expect(read()).rejects.toBe(error);
  });

  test('by the source is the error of the source', async () => {
    const source = function* () {
      yield* items(15);
      throw new RangeError('the file ends here');
    };
    await expect(start(source()).stored).rejects.toThrow('the file ends here');
    expect(bank.isClosed).toBe(false);
  });

  test('by the signal leaves what is stored', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    bank.onMessage = (stream) => {
      if (stream === 3) stop.abort(reason);
      return undefined;
    };
    const run = start(items(1000), { signal: stop.signal, concurrency: 1 });
    await expect(run.stored).rejects.toBe(reason);
    expect(references(bank).slice(0, 30)).toEqual(counted(30));
    expect(bank.isClosed).toBe(false);
  });

  test('by the signal does not wait for a source that has nothing to give', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const source = async function* () {
      yield* items(5);
      stop.abort(reason);
      yield await new Promise<never>(() => undefined);
    };
    const run = start(source(), { signal: stop.signal });
    await expect(run.stored).rejects.toBe(reason);
    expect(bank.isClosed).toBe(false);
  });

  test('lets the source close what it has open', async () => {
    const closed = Promise.withResolvers<string>();
    const source = function* () {
      try {
        yield* items(1000);
      } finally {
        closed.resolve('closed');
      }
    };
    bank.onMessage = () => refusal(status.ABORTED, 'SUBMISSION_TAKEN_OVER', 'by another');
    await expect(start(source()).stored).rejects.toThrow('TAKEN_OVER');
    expect(await closed.promise).toBe('closed');
  });
});
