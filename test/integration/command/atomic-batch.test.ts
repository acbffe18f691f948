/** SubmitBatch, all or nothing: over many partitions in one append, refused whole, sent again. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Barrier } from '../../../command-svc/barrier.ts';
import { isServiceError } from '#client/call-fault.ts';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { SubmissionState } from '#proto/bank/v1/submission.ts';
import { EUR, request } from '#test/support/command-calls.ts';
import { failureOf, openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import {
  depositing,
  opening,
  openSubmitStream,
  submitBatch,
  words,
} from '#test/support/operations.ts';
import {
  LEAVE_OPEN,
  openSubmissionBench,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { until } from '#test/support/until.ts';

let bench: SubmissionBench;
beforeAll(async () => {
  bench = await openSubmissionBench();
});
afterAll(() => bench.close());

const { BATCH_MODE_ATOMIC: ATOMIC } = BatchMode;
const atomic = (replica: IntakeReplica, submissionId: string, operations: Operation[]) =>
  submitBatch(replica, submissionId, operations, ATOMIC);

const NOTHING = { accountId: randomUUID(), amount: EUR(0n) };

async function refusalOf(call: Promise<unknown>) {
  const error: unknown = await call.then(undefined, (reason: unknown) => reason);
  if (!isServiceError(error)) throw new Error('was not refused');
  return { code: error.code, ...decodeStatusDetails(error.metadata) };
}

/** Opens so many accounts, and pays into each. */
function accountsOf(count: number): { ids: string[]; operations: Operation[] } {
  const ids = Array.from({ length: count }, () => randomUUID());
  const operations = ids.flatMap((id, n) => [opening(id), depositing(id, n + 1)]);
  return { ids, operations };
}

const heads = () => bench.count('select sum(seq)::bigint as n from partition_heads');
const rowsOf = (submissionId: string) =>
  bench.count('select count(*) as n from submissions where submission_id = $1', submissionId);

async function logRows(submissionId: string): Promise<EventBatch[]> {
  const { rows } = await bench.databases.eventStore.query<{ payload: Buffer }>(
    `select payload from outbox where type = 'EventBatch' and batch_id in
       (select batch_id from submission_batches where submission_id = $1) order by partition`,
    [submissionId],
  );
  return rows.map(({ payload }) => EventBatch.decode(payload));
}

describe('an atomic batch', () => {
  it('is stored in one append over all its partitions, each row naming the others', async () => {
    const { operations } = accountsOf(40);
    const answer = await atomic(bench.a, 'whole', operations);
    expect(words(answer.results)).toEqual(
      operations.map((_, n) => (n % 2 === 0 ? `${n} v1=0` : `${n} v2=${(n + 1) / 2}`)),
    );
    expect(answer.receipt).toMatchObject({
      accepted: 80n,
      submission: { state: SubmissionState.SUBMISSION_STATE_CLOSED, totalItems: 80n },
    });
    const rows = await logRows('whole');
    expect(rows.length).toBeGreaterThan(8);
    expect(new Set(rows.map(({ batchId }) => uuidFromBytes(batchId))).size).toBe(1);
    const positions = await bench.databases.eventStore.query<{ partition: number; seq: bigint }>(
      `select partition, seq from submission_batches where submission_id = 'whole'
        order by partition`,
    );
    for (const [n, row] of rows.entries()) {
      expect(row.others).toEqual(positions.rows.filter((_, other) => other !== n));
    }
    expect(await bench.claimsOf('whole')).toBe(0);
  });

  it('of one partition is stored likewise', async () => {
    const account = randomUUID();
    const answer = await atomic(bench.a, 'narrow', [opening(account), depositing(account, 2)]);
    expect(words(answer.results)).toEqual(['0 v1=0', '1 v2=2']);
    const [row] = await logRows('narrow');
    expect(row?.others).toEqual([]);
  });

  it.each([
    ['the first item', 0],
    ['a middle one', 17],
    ['the last one', 40],
  ])('is refused whole by %s, which leaves its id free', async (_, place) => {
    const { operations } = accountsOf(20);
    const bad = depositing(randomUUID(), 1);
    const before = await heads();
    const refused = operations.toSpliced(place, 0, bad);
    const error = await refusalOf(atomic(bench.a, `bad-${place}`, refused));
    const metadata = { item_index: String(place) };
    expect(error).toMatchObject({ code: 5, reason: 'ACCOUNT_NOT_FOUND', metadata });
    expect(await heads()).toBe(before);
    expect(await rowsOf(`bad-${place}`)).toBe(0);
    expect(await bench.claimsOf(`bad-${place}`)).toBe(0);
    const again = await atomic(bench.b, `bad-${place}`, operations);
    expect(again.receipt?.accepted).toBe(40n);
  });

  it.each([
    ['deposit', 'deposit.amount.minor_units'],
    ['openAccount', 'open_account.currency_code'],
  ] as const)('names its first refusal, also a malformed %s, by its field', async (kind, path) => {
    const bad = { command: request(kind, NOTHING) };
    const error = await refusalOf(atomic(bench.a, kind, [opening(), bad, opening()]));
    const violations = [{ field: `operations[1].${path}` }];
    const metadata = { item_index: '1' };
    expect(error).toMatchObject({ code: 3, reason: 'INVALID_ITEM', metadata, violations });
  });

  it('sent again answers what is stored, and refuses other content with its index', async () => {
    const { ids, operations } = accountsOf(5);
    await atomic(bench.a, 'again', operations);
    await atomic(bench.b, 'later', [depositing(ids[0] ?? '', 100)]);
    const again = await atomic(bench.b, 'again', operations);
    expect(again.receipt).toMatchObject({ duplicate: 10n, accepted: 0n });
    expect(words(again.results)[1]).toBe('1 v2=1 duplicate');
    const other = atomic(bench.a, 'again', operations.with(3, depositing(ids[1] ?? '', 7)));
    const error = await refusalOf(other);
    const metadata = { item_index: '3' };
    expect(error).toMatchObject({ reason: 'OPERATION_ID_REUSED', metadata });
    expect(await failureOf(atomic(bench.a, 'again', operations.slice(1)))).toBe(
      '9 SUBMISSION_CLOSED',
    );
  });

  it('is not what was stored item by item', async () => {
    const operations = [opening(), depositing(randomUUID(), 1)];
    await submitBatch(bench.a, 'each', operations);
    expect(await failureOf(atomic(bench.a, 'each', operations))).toBe('9 SUBMISSION_CLOSED');
    const stream = openSubmitStream(bench.a, 'open');
    await stream.send({ operations: [opening()], options: LEAVE_OPEN });
    await until('its result', () => stream.results.length === 1);
    expect(await failureOf(atomic(bench.a, 'open', operations))).toBe('9 SUBMISSION_INCOMPLETE');
    stream.cancel();
  });

  it('is answered again in the other mode, and so is what one transaction has stored', async () => {
    const account = randomUUID();
    const operations = [opening(account), depositing(account, 2)];
    await atomic(bench.a, 'other-mode', operations);
    const each = await submitBatch(bench.b, 'other-mode', operations);
    expect(words(each.results)).toEqual(['0 v1=0 duplicate', '1 v2=2 duplicate']);
    const single = [opening()];
    await submitBatch(bench.a, 'single', single);
    const whole = await atomic(bench.b, 'single', single);
    expect(words(whole.results)).toEqual(['0 v1=0 duplicate']);
  });

  it('replays operations that were executed before', async () => {
    const account = randomUUID();
    const operationId = randomUUID();
    const once = depositing(account, 4, { operationId });
    await submitBatch(bench.a, 'before', [opening(account), once]);
    const answer = await atomic(bench.b, 'replays', [once, depositing(account, 1)]);
    expect(words(answer.results)).toEqual(['0 v2=4 replayed', '1 v3=5']);
  });

  it('whose caller cancels before it is stored is dropped, and its id is free', async () => {
    let barrier: Barrier | undefined;
    const url = bench.databases.eventStoreUrl('bank_command');
    const replica = await openIntakeReplica(url, 'dropping', {
      around: (batcher) => ({
        tryEnqueue: (item) => batcher.tryEnqueue(item),
        tryEnqueueBarrier: (given) => batcher.tryEnqueueBarrier((barrier = given)),
        whenRoom: (item) => batcher.whenRoom(item),
        stop: () => batcher.stop(),
      }),
    });
    const holder = await bench.databases.eventStore.connect();
    await holder.query('begin');
    await holder.query('select from partition_heads order by partition for update');
    const controller = new AbortController();
    const { operations } = accountsOf(3);
    const call = submitBatch(replica, 'dropped', operations, ATOMIC, '', controller.signal);
    await until('it waits for the heads', () => bench.waitsForLock('dropping'));
    controller.abort();
    expect(await failureOf(call)).toBe('1');
    await until('the replica knows', () => barrier?.isAbandoned() === true);
    await holder.query('rollback');
    holder.release();
    await until('its id is free', async () => (await rowsOf('dropped')) === 0);
    await replica.close();
  });
});

describe('several clients with the same atomic batch', () => {
  it('all get the same answer, and it is stored once', async () => {
    const { ids, operations } = accountsOf(10);
    const calls = Array.from({ length: 8 }, (_, n) =>
      eventually(() => atomic(n % 2 === 0 ? bench.a : bench.b, 'raced', operations)),
    );
    const answers = await Promise.all(calls);
    for (const { results } of answers) expect(results).toHaveLength(20);
    expect(answers.filter(({ receipt }) => receipt?.accepted === 20n).length).toBeLessThan(2);
    const events = await bench.count(
      'select count(*) as n from events where account_id = any($1)',
      ids,
    );
    expect(events).toBe(20);
  });

  it('that is refused and freed meanwhile is stored whole by the others', async () => {
    const bad = [opening(), depositing(randomUUID(), 1)];
    for (let round = 0; round < 10; round++) {
      const submissionId = `freed-${round}`;
      const good = accountsOf(4).operations;
      const refused = atomic(bench.a, submissionId, bad).catch(() => undefined);
      const stored = eventually(() => atomic(bench.b, submissionId, good));
      const [{ receipt }] = await Promise.all([stored, refused]);
      expect((receipt?.accepted ?? 0n) + (receipt?.duplicate ?? 0n)).toBe(8n);
      expect((await bench.submissionOf(submissionId)).totalItems).toBe(8n);
    }
  });
});

/** A call that was taken over is sent again, as a client would after a look. */
async function eventually<T>(call: () => Promise<T>): Promise<T> {
  for (let n = 0; ; n++) {
    const made = call();
    const failure = await made.then(
      () => undefined,
      () => failureOf(made),
    );
    if (n > 50 || failure !== '10 SUBMISSION_TAKEN_OVER') return made;
  }
}
