/**
 * A submission of transfers that is undone by another one: both legs of each, whether they stand in
 * one partition or in two; and a transfer that was undone singly stays undone once.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EUR, on, send } from '#test/support/command-calls.ts';
import { submitBatch, words } from '#test/support/operations.ts';
import { balancesOf, reverse } from '#test/support/reversals.ts';
import {
  allResults,
  openSubmissionBench,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { crossing, operation, pairOfAccounts, transfer, undoing } from '#test/support/transfers.ts';

let bench: SubmissionBench;

beforeAll(async () => {
  bench = await openSubmissionBench();
});

afterAll(() => bench.close());

describe.each(['one partition', 'two partitions'] as const)('transfers in %s', (where) => {
  it('are undone with both legs by a submission that undoes theirs', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const id = randomUUID();
    const transfers = [transfer(from, to, 300n), transfer(to, from, 50n), transfer(from, to, 7n)];
    await submitBatch(bench.a, id, transfers.map(operation));
    expect(await balancesOf(bench.databases, [from, to])).toEqual([743n, 1_257n]);
    const receipt = await reverse(bench.b, `${id}-undone`, id);
    expect(receipt).toMatchObject({ accepted: 3n, rejected: 0n });
    expect(await balancesOf(bench.databases, [from, to])).toEqual([1_000n, 1_000n]);
  });

  it('are refused where one was undone singly, or its money has gone on', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const [id, operationId] = [randomUUID(), randomUUID()];
    const transfers = [transfer(from, to, 300n, { operationId }), transfer(from, to, 500n)];
    await submitBatch(bench.a, id, transfers.map(operation));
    await send(bench.a, undoing(from, operationId));
    await send(bench.b, on(to, { $case: 'withdraw', amount: EUR(1_400n) }));
    await reverse(bench.b, `${id}-undone`, id);
    expect(words(await allResults(bench.b, `${id}-undone`, 100))).toEqual([
      '0 ALREADY_REVERSED',
      '1 INSUFFICIENT_FUNDS',
    ]);
    expect(await balancesOf(bench.databases, [from, to])).toEqual([500n, 100n]);
  });
});

it('many transfers that cross are undone, and nothing is left over', async () => {
  const accounts = [...(await pairOfAccounts(bench.a)), ...(await pairOfAccounts(bench.a))];
  const id = randomUUID();
  await submitBatch(bench.a, id, crossing(accounts, 200));
  const receipt = await reverse(bench.b, `${id}-undone`, id);
  expect(receipt).toMatchObject({ accepted: 200n, rejected: 0n });
  expect(await balancesOf(bench.databases, accounts)).toEqual(accounts.map(() => 1_000n));
});
