/** SubmitBatch, each command for itself: stored, refused, sent again, closed. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStatusDetails } from '#platform/status-details.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import { SubmissionState } from '#proto/bank/v1/submission.ts';
import { failureOf, isServiceError, openIntakeReplica } from '#test/support/intake-replica.ts';
import { depositing, opening, submitBatch, words } from '#test/support/operations.ts';
import {
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';

let bench: SubmissionBench;
beforeAll(async () => {
  bench = await openSubmissionBench();
});
afterAll(() => bench.close());

const mixed = () => {
  const [one, two, unknown] = [randomUUID(), randomUUID(), randomUUID()];
  const operations = [
    opening(one),
    depositing(one, 5),
    depositing(unknown, 1),
    opening(two),
    depositing(two, 0),
    depositing(two, 7),
    depositing(one, 6),
  ];
  const results = [
    '0 v1=0',
    '1 v2=5',
    '2 ACCOUNT_NOT_FOUND',
    '3 v1=0',
    '4 INVALID_ITEM',
    '5 v2=7',
    '6 v3=11',
  ];
  return { operations, results };
};

describe('a batch of commands', () => {
  it('stores or refuses each for itself, answers in their order, and is closed', async () => {
    const { operations, results } = mixed();
    const answer = await submitBatch(bench.a, 'mixed', operations);
    expect(words(answer.results)).toEqual(results);
    expect(answer.receipt).toMatchObject({
      received: 7n,
      accepted: 5n,
      rejected: 2n,
      submission: { state: SubmissionState.SUBMISSION_STATE_CLOSED, totalItems: 7n },
    });
    expect(await bench.claimsOf('mixed')).toBe(0);
  });

  it('sent again, also to another replica, answers what is stored', async () => {
    const { operations, results } = mixed();
    const first = await submitBatch(bench.a, 'again', operations);
    const second = await submitBatch(bench.b, 'again', operations);
    expect(words(second.results)).toEqual(results.map((word) => `${word} duplicate`));
    expect(second.receipt).toMatchObject({ received: 7n, duplicate: 7n, accepted: 0n });
    const bare = first.results.map((result) => ({ ...result, duplicate: true }));
    expect(second.results).toEqual(bare);
    expect((await bench.submissionOf('again')).accepted).toBe(5n);
  });

  it('with other content at an index refuses that index and changes nothing', async () => {
    const { operations, results } = mixed();
    await submitBatch(bench.a, 'other', operations);
    const changed = operations.with(1, depositing(randomUUID(), 99));
    const second = await submitBatch(bench.a, 'other', changed);
    const expected = results.map((word) => `${word} duplicate`).with(1, '1 OPERATION_ID_REUSED');
    expect(words(second.results)).toEqual(expected);
    expect(second.receipt).toMatchObject({ duplicate: 6n, rejected: 1n });
  });

  it('of another size is not the batch that the closed submission was', async () => {
    const { operations } = mixed();
    await submitBatch(bench.a, 'size', operations);
    const longer = submitBatch(bench.a, 'size', [...operations, opening()]);
    expect(await failureOf(longer)).toBe('9 SUBMISSION_CLOSED');
    const shorter = submitBatch(bench.a, 'size', operations.slice(0, 3));
    expect(await failureOf(shorter)).toBe('9 SUBMISSION_CLOSED');
  });

  it('goes on where an upload of the same submission has stopped', async () => {
    const deposits = bench.deposits(0, 3);
    const options = { leaveOpen: true } as const;
    await upload(bench.a, 'half', {
      deposits,
      options: {
        ...options,
        endItemIndex: undefined,
        controlTotals: undefined,
        validateOnly: false,
      },
    });
    const operations = bench.deposits(0, 6).map((deposit) => ({
      command: {
        $case: 'deposit' as const,
        value: { ...deposit, expectedVersion: 0n, validateOnly: false },
      },
    }));
    const answer = await submitBatch(bench.b, 'half', operations);
    expect(answer.receipt).toMatchObject({ duplicate: 3n, accepted: 3n });
    expect(answer.results.map(({ duplicate }) => duplicate)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('is idempotent item by item where items name their operations', async () => {
    const account = randomUUID();
    const operationId = randomUUID();
    const once = depositing(account, 4, { operationId });
    const answer = await submitBatch(bench.a, 'operations', [opening(account), once, once]);
    expect(words(answer.results)).toEqual(['0 v1=0', '1 v2=4', '2 v2=4 replayed']);
    const elsewhere = await submitBatch(bench.b, 'operations-2', [once]);
    expect(words(elsewhere.results)).toEqual(['0 v2=4 replayed']);
    const resent = await submitBatch(bench.b, 'operations', [opening(account), once, once]);
    expect(words(resent.results)).toEqual([
      '0 v1=0 duplicate',
      '1 v2=4 duplicate',
      '2 v2=4 replayed duplicate',
    ]);
  });
});

async function violatedFields(call: Promise<unknown>): Promise<string[]> {
  const error: unknown = await call.then(undefined, (reason: unknown) => reason);
  if (!isServiceError(error)) throw new Error('the call did not fail');
  const violations = decodeStatusDetails(error.metadata)?.violations ?? [];
  return violations.map(({ field }) => field);
}

describe('a batch that breaks a rule of the call', () => {
  const one = () => [opening()];
  const call = (
    operations = one(),
    mode: BatchMode = BatchMode.BATCH_MODE_PER_ITEM,
    id = 'broken',
  ) => failureOf(submitBatch(bench.a, id, operations, mode));

  it('is refused whole', async () => {
    expect(await call(one(), BatchMode.BATCH_MODE_UNSPECIFIED)).toBe('3 mode');
    expect(await call([])).toBe('3 operations');
    expect(await call(one(), BatchMode.BATCH_MODE_PER_ITEM, 'a b')).toBe('3 submission_id');
    const lease = submitBatch(bench.a, 'broken', one(), undefined, 'no uuid');
    expect(await failureOf(lease)).toBe('3 bulk_mode_lease_id');
    const nothing = submitBatch(bench.a, 'a b', [], BatchMode.BATCH_MODE_UNSPECIFIED);
    expect(await violatedFields(nothing)).toEqual(['submission_id', 'mode', 'operations']);
    const many = Array.from({ length: 5_001 }, () => depositing(randomUUID(), 1));
    expect(await call(many)).toBe('3 operations');
    expect(
      await bench.count("select count(*) as n from submissions where submission_id = 'broken'"),
    ).toBe(0);
  });

  it('refuses validate_only inside of a command, and an empty one, as items', async () => {
    const account = randomUUID();
    const answer = await submitBatch(bench.a, 'items', [
      opening(account),
      depositing(account, 1, { validateOnly: true }),
      { command: undefined },
    ]);
    expect(words(answer.results)).toEqual(['0 v1=0', '1 INVALID_ITEM', '2 INVALID_ITEM']);
  });
});

const HELD = randomUUID();

describe('a bulk-mode lease', () => {
  it('that is held lets the batch through; one that is gone does not', async () => {
    const leased = await openIntakeReplica(
      bench.databases.eventStoreUrl('bank_command'),
      'leased',
      {
        holdsLease: (leaseId) => Promise.resolve(leaseId === HELD),
      },
    );
    try {
      const held = await submitBatch(leased, 'lease-1', [opening()], undefined, HELD);
      expect(held.receipt?.accepted).toBe(1n);
      const gone = submitBatch(leased, 'lease-2', [opening()], undefined, randomUUID());
      expect(await failureOf(gone)).toBe('9 LEASE_EXPIRED');
    } finally {
      await leased.close();
    }
  });
});

describe('batches that together would take too much memory', () => {
  it('are refused before they are decoded, until others have ended', async () => {
    const { messages } = bench.a.context;
    const held = messages.take(10_000_000);
    await held.granted;
    expect(await failureOf(submitBatch(bench.a, 'crowd', [opening()]))).toBe('8 QUEUE_FULL');
    held.giveBack();
    expect((await submitBatch(bench.a, 'crowd', [opening()])).receipt?.accepted).toBe(1n);
  });
});
