/**
 * Messages of as many commands as one may carry, each as long as it may be: more than one row of
 * the log takes. A trial tells of all of them what would become of them; all or nothing is refused,
 * and says why.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { isServiceError } from '#client/call-fault.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { accountAfter, EUR, on, type CommandCase } from '#test/support/command-calls.ts';
import { submitBatch, tryOperations, words } from '#test/support/operations.ts';
import { openSubmissionBench, type SubmissionBench } from '#test/support/submission-bench.ts';
import { operation } from '#test/support/transfers.ts';

const COMMANDS = 5_000;
/** As long as a reference may be, two bytes a character. */
const reference = '\u0436'.repeat(140);

let bench: SubmissionBench;
beforeAll(async () => {
  bench = await openSubmissionBench();
});
afterAll(() => bench.close());

const rich = (): Promise<string> =>
  accountAfter(bench.a, { $case: 'deposit', amount: EUR(100_000n) });

function transfers(from: string, to: string, count: number): Operation[] {
  const one: CommandCase = { $case: 'transfer', destinationAccountId: to, amount: EUR(1n) };
  const filled = operation(on(from, { ...one, reference }));
  return Array.from({ length: count }, () => filled);
}

describe('more than one row takes', () => {
  it('is tried to the end, each command on what those before it have done', async () => {
    const [account, from, to] = [await rich(), await rich(), await rich()];
    const [holdId, operationId] = [randomUUID(), randomUUID()];
    const once = (command: CommandCase): Operation => operation(on(account, command));
    const deposit = once({ $case: 'deposit', amount: EUR(5n), operationId });
    const undo = once({ $case: 'reverseOperation', reversedOperationId: operationId, reason: 'r' });
    const hold = once({ $case: 'placeHold', amount: EUR(1n), holdId });
    const first = [deposit, hold, once({ $case: 'releaseHold', holdId }), undo];
    const last = [deposit, hold, once({ $case: 'captureHold', holdId }), undo];
    const between = transfers(from, to, COMMANDS - first.length - last.length);
    const results = words(await tryOperations(bench.a, [...first, ...between, ...last]));
    expect(results.slice(0, 4)).toEqual([
      '0 v3=100005',
      '1 v4=100005',
      '2 v5=100005',
      '3 v6=100000',
    ]);
    expect(results.slice(4, -4)).toEqual(
      between.map((_, n) => `${n + 4} v${n + 3}=${100_000 - n - 1}`),
    );
    expect(results.slice(-4)).toEqual([
      '4996 v3=100005 replayed',
      '4997 HOLD_EXISTS',
      '4998 HOLD_NOT_FOUND',
      '4999 ALREADY_REVERSED',
    ]);
  });

  it('is refused whole when all or nothing is asked for, with what to do', async () => {
    const [from, to] = [await rich(), await rich()];
    const id = randomUUID();
    const { BATCH_MODE_ATOMIC: atomic, BATCH_MODE_PER_ITEM: perItem } = BatchMode;
    const operations = transfers(from, to, COMMANDS);
    const refused: unknown = await submitBatch(bench.a, id, operations, atomic).catch(
      (error: unknown) => error,
    );
    if (!isServiceError(refused)) throw new Error('it was not refused');
    expect(refused.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(refused.details).toMatch(/more than one transaction takes.*send it in parts/);
    const { reason, retryAfterMs } = decodeStatusDetails(refused.metadata) ?? {};
    expect([reason, typeof retryAfterMs]).toEqual(['QUOTA_EXCEEDED', 'number']);
    // Its id is free again, and piece by piece all of it is stored.
    const { receipt } = await submitBatch(bench.a, id, operations, perItem);
    expect(receipt).toMatchObject({ accepted: BigInt(COMMANDS), rejected: 0n });
  });
});
