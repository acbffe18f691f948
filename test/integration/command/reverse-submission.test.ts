/**
 * A submission that is undone by another one: what becomes of each item, what refuses the whole,
 * and that it happens once, however often and by whomever it is asked for.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status } from '@grpc/grpc-js';
import type { Caller } from '#platform/caller.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { BulkServiceService as BULK } from '#proto/bank/v1/bulk_service.ts';
import { SubmissionState } from '#proto/bank/v1/submission.ts';
import { decodeEvent } from '../../../command-svc/event-codec.ts';
import { accountAfter, EUR, on, send, type CommandCase } from '#test/support/command-calls.ts';
import { callUnary, failureOf, openIntakeReplica } from '#test/support/intake-replica.ts';
import { depositing, opening, submitBatch, words } from '#test/support/operations.ts';
import { balancesOf, reverse } from '#test/support/reversals.ts';
import {
  allResults,
  closing,
  LEAVE_OPEN,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';

let bench: SubmissionBench;

beforeAll(async () => {
  bench = await openSubmissionBench();
});

afterAll(() => bench.close());

const reason = 'because';

async function eventsOf(accountId: string) {
  const { rows } = await bench.databases.eventStore.query<{ payload: Buffer }>(
    'select payload from events where account_id = $1 order by version',
    [accountId],
  );
  return rows.map(({ payload }) => decodeEvent(payload).event);
}

describe('a submission that is reversed', () => {
  it('has every deposit undone by an item of its own, which names it', async () => {
    const accountId = await accountAfter(bench.a, { $case: 'deposit', amount: EUR(1_000n) });
    const other = await accountAfter(bench.a);
    const deposits = [5n, 7n, 9n].map((minorUnits, n) =>
      bench.deposit(n, { accountId, amount: EUR(minorUnits) }),
    );
    deposits.splice(1, 0, bench.deposit(8, { accountId: other }), bench.deposit(9, BAD));
    await upload(bench.a, 'payroll', { deposits });
    const receipt = await reverse(bench.b, 'payroll-undone', 'payroll');
    expect(receipt).toMatchObject({
      received: 4n,
      accepted: 4n,
      rejected: 0n,
      duplicate: 0n,
      submission: {
        state: SubmissionState.SUBMISSION_STATE_CLOSED,
        totalItems: 4n,
        acceptedAmounts: [EUR(30n)],
      },
    });
    const results = words(await allResults(bench.b, 'payroll-undone', 100));
    expect(results).toEqual(['0 v6=1016', '1 v3=0', '2 v7=1009', '3 v8=1000']);
    const undone = (reversedVersion: bigint, balanceChangeMinor: bigint) => ({
      type: 'OperationReversed',
      reversedVersion,
      balanceChangeMinor,
      reason: 'sent by mistake',
      counterpart: undefined,
    });
    const reversals = (await eventsOf(accountId)).slice(-3);
    expect(reversals).toEqual([undone(3n, -5n), undone(4n, -7n), undone(5n, -9n)]);
    expect(await bench.claimsOf('payroll-undone')).toBe(0);
  });

  it('of mixed commands has undone what can be, and says of the rest why not', async () => {
    const [accountId, hold] = [randomUUID(), randomUUID()];
    const commands: CommandCase[] = [
      { $case: 'deposit', amount: EUR(100n) },
      { $case: 'withdraw', amount: EUR(30n) },
      { $case: 'placeHold', amount: EUR(20n), holdId: hold },
      { $case: 'captureHold', holdId: hold, amount: EUR(15n) },
      { $case: 'freezeAccount', credits: true, reason },
      { $case: 'unfreezeAccount', reason },
    ];
    const operations = commands.map((command) => ({ command: on(accountId, command) }));
    await submitBatch(bench.a, 'mixed', [opening(accountId), ...operations]);
    await reverse(bench.a, 'mixed-undone', 'mixed');
    expect(words(await allResults(bench.a, 'mixed-undone', 100))).toEqual([
      '0 OPERATION_NOT_FOUND',
      '1 INSUFFICIENT_FUNDS', // 50 are left of the 100
      '2 v8=85',
      '3 OPERATION_NOT_FOUND',
      '4 v9=100',
      '5 OPERATION_NOT_FOUND',
      '6 OPERATION_NOT_FOUND',
    ]);
  });

  it('has refused what was undone singly, is closed, or is spent', async () => {
    const operationId = randomUUID();
    const [singly, closed, spent] = [
      await accountAfter(bench.a),
      await accountAfter(bench.a),
      await accountAfter(bench.a),
    ];
    const deposits = [
      bench.deposit(0, { accountId: singly, operationId }),
      bench.deposit(1, { accountId: closed }),
      bench.deposit(2, { accountId: spent }),
      bench.deposit(3, { accountId: randomUUID() }),
    ];
    await upload(bench.a, 'partly', { deposits });
    const undo = { $case: 'reverseOperation', reversedOperationId: operationId, reason } as const;
    await send(bench.b, on(singly, undo));
    await send(bench.b, on(closed, { $case: 'withdraw', amount: EUR(2n) }));
    await send(bench.b, on(closed, { $case: 'closeAccount', reason: '' }));
    await send(bench.b, on(spent, { $case: 'withdraw', amount: EUR(1n) }));
    const receipt = await reverse(bench.a, 'partly-undone', 'partly');
    expect(receipt).toMatchObject({ received: 3n, accepted: 0n, rejected: 3n });
    expect(words(await allResults(bench.a, 'partly-undone', 100))).toEqual([
      '0 ALREADY_REVERSED',
      '1 ACCOUNT_CLOSED',
      '2 INSUFFICIENT_FUNDS',
    ]);
    // And the other way round: what was undone with its submission is not undone singly.
    await upload(bench.a, 'first', { deposits: [{ ...deposits[0], ...SINGLE(singly) }] });
    await reverse(bench.a, 'first-undone', 'first');
    const late = { ...undo, reversedOperationId: SINGLE(singly).operationId };
    expect(await failureOf(send(bench.b, on(singly, late)))).toBe('9 ALREADY_REVERSED');
  });

  it("counts in its caller's share of items, and goes on where it was refused", async () => {
    await upload(bench.a, 'shared', { deposits: bench.deposits(0, 3) });
    const counted: number[] = [];
    const wait = (_caller: Caller, items: number): Promise<void> => {
      counted.push(items);
      const full = refusal(status.RESOURCE_EXHAUSTED, 'QUOTA_EXCEEDED', 'full');
      return counted.length === 1 ? Promise.reject(full) : Promise.resolve();
    };
    const itemQuota = { wait, take: wait };
    const url = bench.databases.eventStoreUrl('bank_command');
    const replica = await openIntakeReplica(url, 'quotas', { itemQuota });
    try {
      expect(await failureOf(reverse(replica, 'shared-undone', 'shared'))).toBe('8 QUOTA_EXCEEDED');
      const receipt = await reverse(replica, 'shared-undone', 'shared');
      expect(receipt).toMatchObject({ received: 3n, accepted: 3n });
      expect(counted).toEqual([3, 3]);
    } finally {
      await replica.close();
    }
  });

  it('that accepted nothing is reversed by an empty one', async () => {
    await upload(bench.a, 'nothing', { deposits: [bench.deposit(0, BAD)] });
    const receipt = await reverse(bench.a, 'nothing-undone', 'nothing');
    expect(receipt).toMatchObject({ received: 0n, submission: { totalItems: 0n } });
  });
});

const BAD = { accountId: 'none' };
const SINGLE_ID = randomUUID();
const SINGLE = (accountId: string) => ({
  ...bench.deposit(4, { accountId }),
  operationId: SINGLE_ID,
});

const REUSED = '6 OPERATION_ID_REUSED';

describe('a reversal as a submission', () => {
  it('takes no items but its own, and is closed by nobody else', async () => {
    const { a, deposits, databases, count } = bench;
    await upload(a, 'guarded', { deposits: deposits(0, 5) });
    // As it stands when its call broke off before its first item.
    await databases.eventStore.query(
      `insert into submissions (tenant, submission_id, created_at, reverses, reversal_hash)
       select '', 'guarded-undone', now(), 'guarded', reversal_hash from submissions
        where submission_id = 'nothing-undone'`,
    );
    expect(await failureOf(upload(a, 'guarded-undone', { deposits: deposits(0, 5) }))).toBe(REUSED);
    const batch = submitBatch(a, 'guarded-undone', [depositing(randomUUID(), 1)]);
    expect(await failureOf(batch)).toBe(REUSED);
    const close = callUnary(a.bulk, BULK.closeSubmission, closing('guarded-undone'));
    expect(await failureOf(close)).toBe('9 SUBMISSION_INCOMPLETE');
    const ofIt = `from submission_batches where submission_id = 'guarded-undone'`;
    expect(await count(`select count(*) as n ${ofIt}`)).toBe(0);
  });

  it('needs an id that is free', async () => {
    const { a, deposits } = bench;
    await upload(a, 'taken', { deposits: deposits(0, 2) });
    await upload(a, 'taker', { deposits: deposits(0, 1), options: LEAVE_OPEN });
    expect(await failureOf(reverse(a, 'taker', 'taken'))).toBe(REUSED);
    expect(await reverse(a, 'taken-undone', 'taken')).toMatchObject({ accepted: 2n });
  });

  it('needs a submission that is there, and closed', async () => {
    const { a, deposits } = bench;
    await upload(a, 'open', { deposits: deposits(0, 2), options: LEAVE_OPEN });
    expect(await failureOf(reverse(a, 'undone', 'unknown'))).toBe('5 SUBMISSION_NOT_FOUND');
    expect(await failureOf(reverse(a, 'undone', 'open'))).toBe('9 SUBMISSION_INCOMPLETE');
    const unknown = callUnary(a.bulk, BULK.getSubmission, { submissionId: 'undone' });
    expect(await failureOf(unknown)).toBe('5 SUBMISSION_NOT_FOUND');
  });

  it.each([
    ['submission_id', ['', 'payroll', reason]],
    ['reversed_submission_id', ['x', 'a b', reason]],
    ['reversed_submission_id', ['x', 'x', reason]],
    ['reason', ['x', 'payroll', '']],
    ['reason', ['x', 'payroll', 'y'.repeat(141)]],
  ] as const)('needs fields that are well-formed: %s', async (field, [id, reversed, why]) => {
    expect(await failureOf(reverse(bench.a, id, reversed, why))).toBe(`3 ${field}`);
  });
});

describe('a reversal of many pages', () => {
  it('undoes each item once, in order, and leaves every account as it was', async () => {
    const { a, b, deposit, databases } = bench;
    const ids = new Set<string>();
    const deposits = Array.from({ length: 9_000 }, (_, n) => deposit(n, n % 7 === 3 ? BAD : {}));
    for (const { accountId } of deposits) if (accountId !== BAD.accountId) ids.add(accountId);
    const before = await balancesOf(databases, [...ids]);
    await upload(
      a,
      'long',
      { deposits: deposits.slice(0, 5_000) },
      {
        deposits: deposits.slice(5_000),
      },
    );
    const accepted = deposits.filter(({ accountId }) => accountId !== BAD.accountId).length;
    const receipt = await reverse(b, 'long-undone', 'long');
    expect(receipt).toMatchObject({ received: BigInt(accepted), accepted: BigInt(accepted) });
    expect(await balancesOf(databases, [...ids])).toEqual(before);
  });
});
