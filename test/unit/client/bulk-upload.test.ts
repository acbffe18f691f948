/**
 * An upload over streams that break: it goes on from what is stored, within bounds, and holds to
 * back-pressure.
 */
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { missingRanges, uploadDeposits } from '#client/bulk-upload.ts';
import { StreamGivenUpError } from '#client/call-fault.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { sleep } from '#platform/waiting.ts';
import { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { Submission } from '#proto/bank/v1/submission.ts';
import { startFakeBank, unavailable, type FakeBank } from './fake-bank.ts';

const retry = { attempts: 4, attemptsTotal: 30, firstMs: 1, maxMs: 4 };
const request = { submissionId: 's', messageItems: 7, retry };

let bank: FakeBank;
beforeEach(async () => {
  bank = await startFakeBank();
});
afterEach(() => bank.close());

function sourceOf(count: number, pulled: number[] = []) {
  return async function* (from: number) {
    for (let n = from; n < count; n++) {
      pulled.push(n);
      yield [DepositItem.fromPartial({ reference: String(n) })];
    }
  };
}

const references = () =>
  [...bank.stored].toSorted(([a], [b]) => a - b).map(([, { reference }]) => reference);
const counted = (count: number) => Array.from({ length: count }, (_, n) => String(n));

describe('a stream that holds', () => {
  test("is closed with its file's control totals, or not at all", async () => {
    const upload = (items: bigint) =>
      uploadDeposits(bank.client.bulk, sourceOf(3), {
        ...request,
        controlTotals: { items, amounts: [] },
      });
    const failed = await upload(4n).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StreamGivenUpError);
    expect(bank.isClosed).toBe(false);
    await upload(3n);
    expect(bank.isClosed).toBe(true);
  });

  test('sends all items in messages that name the submission and their first index', async () => {
    const sent: number[] = [];
    const onSent = (items: number) => sent.push(items);
    const result = await uploadDeposits(bank.client.bulk, sourceOf(20), { ...request, onSent });
    expect(result.attempts).toBe(1);
    expect(references()).toEqual(counted(20));
    expect(bank.messages.map(({ submissionId }) => submissionId)).toEqual(['s', 's', 's']);
    expect(bank.messages.map(({ firstItemIndex }) => firstItemIndex)).toEqual([0n, 7n, 14n]);
    expect(sent).toEqual([7, 14, 20]);
    // A cancelled stream can look like one that ended: closing is a call of its own.
    expect(bank.messages[0]?.options?.leaveOpen).toBe(true);
    expect(bank.isClosed).toBe(true);
  });

  test('is closed behind all that is stored, whichever stream has sent it', async () => {
    const hold = Promise.withResolvers<undefined>();
    const source = async function* (from: number) {
      yield* sourceOf(20)(from);
      if (from === 0) await hold.promise;
    };
    bank.onMessage = (stream) => {
      if (stream > 0) return undefined;
      for (let n = 0; n < 40; n++) bank.stored.set(n, DepositItem.fromPartial({}));
      return unavailable();
    };
    await uploadDeposits(bank.client.bulk, source, request);
    hold.resolve(undefined);
    expect(bank.isClosed).toBe(true);
    expect(bank.stored.size).toBe(40);
  });

  test('without items sends one empty message and closes the submission', async () => {
    await uploadDeposits(bank.client.bulk, sourceOf(0), request);
    expect(bank.messages).toMatchObject([{ submissionId: 's', deposits: [] }]);
    expect(bank.isClosed).toBe(true);
  });

  test('leaves the submission open when told to', async () => {
    await uploadDeposits(bank.client.bulk, sourceOf(9), { ...request, leaveOpen: true });
    expect(bank.messages.map(({ options }) => options?.leaveOpen)).toEqual([true, undefined]);
    expect(bank.isClosed).toBe(false);
  });

  test('pulls from its source only as fast as the service takes', async () => {
    const hold = Promise.withResolvers<undefined>();
    bank.onMessage = () => hold.promise;
    const pulled: number[] = [];
    const big = { reference: 'x'.repeat(2_000) };
    const source = async function* () {
      for (let n = 0; n < 20_000; n++) {
        pulled.push(n);
        yield [DepositItem.fromPartial(big)];
      }
    };
    const upload = uploadDeposits(bank.client.bulk, source, { ...request, messageItems: 100 });
    while (bank.messages.length === 0) await sleep(5);
    let held = 0;
    while (pulled.length > held) {
      held = pulled.length;
      await sleep(100);
    }
    expect(held).toBeLessThan(5_000);
    hold.resolve(undefined);
    await upload;
    expect(bank.stored.size).toBe(20_000);
  });
});

describe('a stream that breaks', () => {
  test.each([1, 2, 3, 4, 5])('goes on until all is stored, once each (seed %i)', async (seed) => {
    let state = seed;
    const chance = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    bank.onMessage = () => (chance() < 0.3 ? unavailable() : undefined);
    const breaks: string[] = [];
    const onBreak = ({ reason }: { reason: string }) => breaks.push(reason);
    const generous = { ...retry, attemptsTotal: 500, attempts: 50 };
    const wanted = { ...request, retry: generous, onBreak };
    const result = await uploadDeposits(bank.client.bulk, sourceOf(300), wanted);
    expect(references()).toEqual(counted(300));
    expect(breaks.length).toBe(result.attempts - 1);
    expect(bank.isClosed).toBe(true);
  });

  test('goes on when the close or a question for what is stored passes its deadline', async () => {
    const late = ['close', 'get'];
    bank.onCall = (method) => {
      if (late[0] !== method) return undefined;
      late.shift();
      return refusal(status.DEADLINE_EXCEEDED, '', 'too late');
    };
    const { attempts } = await uploadDeposits(bank.client.bulk, sourceOf(9), request);
    expect({ late, attempts, isClosed: bank.isClosed }).toEqual({
      late: [],
      attempts: 3,
      isClosed: true,
    });
    expect(references()).toEqual(counted(9));
  });

  test('is given up after its tries without progress', async () => {
    bank.onMessage = () => unavailable();
    const upload = uploadDeposits(bank.client.bulk, sourceOf(1), request);
    await expect(upload).rejects.toThrow(StreamGivenUpError);
    expect(bank.streams).toBe(retry.attempts);
  });

  test('is not tried again when a newer stream has taken over', async () => {
    bank.onMessage = () => refusal(status.ABORTED, 'SUBMISSION_TAKEN_OVER', 'a newer stream');
    const upload = uploadDeposits(bank.client.bulk, sourceOf(20), request);
    await expect(upload).rejects.toMatchObject({ fault: { reason: 'SUBMISSION_TAKEN_OVER' } });
    expect(bank.streams).toBe(1);
  });

  test('waits as long as the service asks for', async () => {
    bank.onMessage = (stream) => (stream === 0 ? unavailable('SHUTTING_DOWN', 250) : undefined);
    const startedMs = performance.now();
    await uploadDeposits(bank.client.bulk, sourceOf(20), request);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(249);
  });

  test('is noticed while the source is quiet', async () => {
    bank.onMessage = (stream) => (stream === 0 ? unavailable() : undefined);
    const broken = Promise.withResolvers<void>();
    const whole = sourceOf(20);
    let readings = 0;
    // Goes on only when what was sent is known to be lost, as one that follows the log would.
    const source = async function* (from: number) {
      const isFirst = readings++ === 0;
      for await (const chunk of whole(from)) {
        if (isFirst && chunk[0]?.reference === '10') await broken.promise;
        yield chunk;
      }
    };
    const onBreak = () => broken.resolve();
    const result = await uploadDeposits(bank.client.bulk, source, { ...request, onBreak });
    expect(result.attempts).toBe(2);
    expect(references()).toEqual(counted(20));
  });

  test("ends with its caller's signal while the source is quiet", async () => {
    const stopping = new AbortController();
    bank.onMessage = () => {
      stopping.abort(new Error('enough'));
      return undefined;
    };
    const source = async function* () {
      yield Array.from({ length: 8 }, () => DepositItem.fromPartial({}));
      await new Promise(() => undefined);
    };
    const wanted = { ...request, signal: stopping.signal };
    await expect(uploadDeposits(bank.client.bulk, source, wanted)).rejects.toThrow('enough');
  });

  test("ends with its caller's signal", async () => {
    const stopping = new AbortController();
    bank.onMessage = () => {
      stopping.abort(new Error('enough'));
      return new Promise(() => undefined);
    };
    const wanted = { ...request, signal: stopping.signal };
    const upload = uploadDeposits(bank.client.bulk, sourceOf(20), wanted);
    await expect(upload).rejects.toThrow('enough');
    expect(bank.streams).toBe(1);
  });
});

describe('what is missing', () => {
  test('is everything when nothing is known', () => {
    expect(missingRanges(undefined)).toEqual([{ from: 0, end: Number.MAX_SAFE_INTEGER }]);
  });

  test('is what follows the last stored item, or from the last known gap on', () => {
    const end = Number.MAX_SAFE_INTEGER;
    const whole = Submission.fromPartial({ nextItemIndex: 12n });
    expect(missingRanges(whole)).toEqual([{ from: 12, end }]);
    const gaps = [
      { firstItemIndex: 3n, endItemIndex: 5n },
      { firstItemIndex: 9n, endItemIndex: 10n },
    ];
    const holes = Submission.fromPartial({ nextItemIndex: 3n, missing: gaps });
    expect(missingRanges(holes)).toEqual([
      { from: 3, end: 5 },
      { from: 9, end },
    ]);
  });
});

test('a full queue is come back to', async () => {
  const full = refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', 'later', { retryAfterMs: 1 });
  bank.onMessage = (stream) => (stream === 0 ? full : undefined);
  const { attempts } = await uploadDeposits(bank.client.bulk, sourceOf(9), request);
  expect(attempts).toBe(2);
  expect(references()).toEqual(counted(9));
});
