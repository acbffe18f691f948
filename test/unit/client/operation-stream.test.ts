/**
 * Commands whose results flow back: each result once over streams that break, nothing waited for
 * that has not come, and the source read no further than its answers are.
 */
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StreamGivenUpError } from '#client/call-fault.ts';
import { CLIENT_DEFAULTS } from '#client/client-defaults.ts';
import { submitOperations, type SubmitOptions } from '#client/operation-stream.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { Operation } from '#proto/bank/v1/operation.ts';
import { unavailable } from './fake-bank.ts';
import { startFakeSubmit, type FakeSubmit } from './fake-submit.ts';

const options = {
  submissionId: 's',
  messageItems: 7,
  retry: { attempts: 4, attemptsTotal: 60, firstMs: 1, maxMs: 4 },
};

let bank: FakeSubmit;
beforeEach(async () => {
  bank = await startFakeSubmit();
});
afterEach(() => bank.close());

const operations = (count: number) =>
  Array.from({ length: count }, () => Operation.fromPartial({}));
const submit = (source: Iterable<Operation> | AsyncIterable<Operation>, more = {}) =>
  submitOperations(bank.client.bulk, source, { ...options, ...more } satisfies SubmitOptions);

async function indexesOf(source: ReturnType<typeof submit>): Promise<number[]> {
  const indexes: number[] = [];
  for await (const { itemIndex } of source) indexes.push(Number(itemIndex));
  return indexes;
}

test('each item has its result, and the submission is closed', async () => {
  expect(await indexesOf(submit(operations(50)))).toEqual([...Array(50).keys()]);
  expect(bank.streams).toBe(1);
  expect(bank.messages.every(({ operations }) => operations.length <= 7)).toBe(true);
  expect(bank.messages[0]?.options).toMatchObject({ leaveOpen: true, validateOnly: false });
  expect(bank.messages.slice(1).every(({ options }) => options === undefined)).toBe(true);
  expect(bank.closedAt).toBe(50n);
});

test('over streams that break each result comes once', async () => {
  const broken = new Set<number>();
  bank.onItem = (_stream, index) => {
    if (index % 9 !== 5 || broken.has(index)) return undefined;
    broken.add(index);
    return unavailable();
  };
  const answered: number[] = [];
  for await (const { itemIndex } of submit(operations(80))) answered.push(Number(itemIndex));
  expect(answered.toSorted((a, b) => a - b)).toEqual([...Array(80).keys()]);
  expect(broken.size).toBe(9);
  expect(bank.streams).toBe(10);
  expect(bank.closedAt).toBe(80n);
});

test('an item that has come is sent though the next one has not', async () => {
  const second = Promise.withResolvers<undefined>();
  const source = async function* () {
    yield* operations(1);
    await second.promise;
    yield* operations(1);
  };
  const results = submit(source());
  expect((await results.next()).value).toMatchObject({ itemIndex: 0n });
  second.resolve(undefined);
  expect((await results.next()).value).toMatchObject({ itemIndex: 1n });
  expect((await results.next()).done).toBe(true);
});

test('nothing is closed where nothing is stored, or where it shall stay open', async () => {
  await indexesOf(submit(operations(3), { validateOnly: true }));
  expect(bank.messages[0]?.options).toMatchObject({ leaveOpen: false, validateOnly: true });
  await indexesOf(submit(operations(3), { leaveOpen: true }));
  expect(bank.closedAt).toBeUndefined();
});

test('without items one empty message opens the submission', async () => {
  expect(await indexesOf(submit([]))).toEqual([]);
  expect(bank.messages).toMatchObject([{ operations: [] }]);
  expect(bank.closedAt).toBe(0n);
});

test('whoever reads no results has the source read to a bound', async () => {
  let pulled = 0;
  const source = function* () {
    for (const operation of operations(CLIENT_DEFAULTS.unansweredItemsMax * 3)) {
      pulled += 1;
      yield operation;
    }
  };
  bank.onItem = (_stream, index) =>
    index === 1 ? refusal(status.ABORTED, 'SUBMISSION_TAKEN_OVER', 'by another') : undefined;
  const results = submit(source());
  await results.next();
  await expect(results.next()).rejects.toThrow(StreamGivenUpError);
  // One was answered, and one more is in hand.
  expect(pulled).toBeLessThanOrEqual(CLIENT_DEFAULTS.unansweredItemsMax + 2);
});

test('a stream that breaks without a result in between is given up', async () => {
  bank.onItem = (_stream, index) => (index === 4 ? unavailable() : undefined);
  const results = indexesOf(submit(operations(20)));
  await expect(results).rejects.toMatchObject({ name: 'StreamGivenUpError' });
  expect(bank.streams).toBe(options.retry.attempts + 1);
});

test.each([
  ['all is sent', operations(9)],
  ['more is to come', endless()],
])('a stream that ends before its last answer, when %s, closes nothing', async (_, source) => {
  bank.endsBefore = 5;
  await expect(indexesOf(submit(source))).rejects.toThrow('before its end');
  expect(bank.closedAt).toBeUndefined();
});

/** Its tenth item never comes. */
async function* endless() {
  yield* operations(9);
  yield await new Promise<never>(() => undefined);
}

test('a source that fails is the error, and closes nothing', async () => {
  const source = function* () {
    yield* operations(3);
    throw new RangeError('the file ends here');
  };
  await expect(indexesOf(submit(source()))).rejects.toThrow('the file ends here');
  expect(bank.closedAt).toBeUndefined();
});

test('the signal ends it', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const read = async () => {
    const results = submit(operations(5_000), { signal: stop.signal });
    for await (const { itemIndex } of results) if (itemIndex === 3n) stop.abort(reason);
  };
  await expect(read()).rejects.toBe(reason);
  expect(bank.closedAt).toBeUndefined();
});
