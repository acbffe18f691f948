/**
 * Closing on two replicas: what is logged, what refuses it, and what becomes of stragglers.
 */
import { ANYONE } from '#platform/caller.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { BulkServiceService as BULK } from '#proto/bank/v1/bulk_service.ts';
import { openClaim } from '../../../command-svc/submission-claims.ts';
import { closeSubmission } from '../../../command-svc/submission-close.ts';
import { callUnary, failureOf, openDepositStream } from '#test/support/intake-replica.ts';
import {
  closing,
  key,
  LEAVE_OPEN,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { until } from '#test/support/until.ts';

let bench: SubmissionBench;

beforeAll(async () => {
  bench = await openSubmissionBench();
});

afterAll(() => bench.close());

describe('closing', () => {
  it('tells in the home partition what a reader must have seen', async () => {
    const { a, deposits, count, databases } = bench;
    await upload(a, 'closing', { deposits: deposits(0, 300) });
    const { rows } = await databases.eventStore.query<{ payload: Buffer; type: string }>(
      `select payload, type from outbox where type = 'SubmissionClosed' order by stored_at`,
    );
    const closings = rows.map(({ payload }) => EventBatch.decode(payload).submissionClosed);
    const closing = closings.find((one) => one?.submissionId === 'closing');
    expect(closing).toMatchObject({ accepted: 300n, rejected: 0n, replayed: 0n, totalItems: 300n });
    const positions = await databases.eventStore.query(
      `select partition, max(seq) as seq from submission_batches where submission_id = 'closing'
        group by partition order by partition`,
    );
    expect(closing?.lastPositions).toEqual(positions.rows);
    const sql = `select count(*) as n from partition_heads h where seq <>
                   (select count(*) from outbox o where o.partition = h.partition)`;
    expect(await count(sql)).toBe(0);
  });

  it('again is answered alike, and logged once, however many close at once', async () => {
    const { a, b, deposits, databases } = bench;
    await upload(a, 'once', { deposits: deposits(0, 50), options: LEAVE_OPEN });
    const closings = [a, b, a, b].map((one) =>
      callUnary(one.bulk, BULK.closeSubmission, closing('once')),
    );
    for (const { submission } of await Promise.all(closings)) {
      expect(submission).toMatchObject({ state: 2, totalItems: 50n });
    }
    await callUnary(a.bulk, BULK.closeSubmission, closing('once', 50n));
    const { rows } = await databases.eventStore.query<{ payload: Buffer }>(
      `select payload from outbox where type = 'SubmissionClosed'`,
    );
    const names = rows.map(
      ({ payload }) => EventBatch.decode(payload).submissionClosed?.submissionId,
    );
    expect(names.filter((name) => name === 'once')).toHaveLength(1);
  });

  it('fails for a missing index and for one beyond its end, and changes nothing', async () => {
    const { a, deposits, count, claimsOf, submissionOf } = bench;
    await upload(a, 'gap', { deposits: deposits(0, 5), options: LEAVE_OPEN });
    const heads = () => count('select sum(seq)::bigint as n from partition_heads');
    const before = await heads();
    const short = callUnary(a.bulk, BULK.closeSubmission, closing('gap', 4n));
    expect(await failureOf(short)).toBe('9 SUBMISSION_INCOMPLETE');
    const long = callUnary(a.bulk, BULK.closeSubmission, closing('gap', 6n));
    expect(await failureOf(long)).toBe('9 SUBMISSION_INCOMPLETE');
    expect(await heads()).toBe(before);
    const stream = upload(a, 'gap', { deposits: deposits(7, 8), firstItemIndex: 7n });
    expect(await failureOf(stream)).toBe('9 SUBMISSION_INCOMPLETE');
    expect(await submissionOf('gap')).toMatchObject({ state: 1, nextItemIndex: 5n, accepted: 6n });
    expect(await claimsOf('gap')).toBe(0);
  });

  it('of a submission with nothing in it is right', async () => {
    const { a } = bench;
    const receipt = await upload(a, 'empty', {});
    expect(receipt).toMatchObject({ received: 0n, submission: { state: 2, totalItems: 0n } });
  });

  it('by an empty stream closes what others have sent', async () => {
    const { a, b, deposits } = bench;
    await upload(a, 'closer', { deposits: deposits(0, 5), options: LEAVE_OPEN });
    expect((await upload(b, 'closer', {})).submission).toMatchObject({ state: 2, totalItems: 5n });
  });

  it('ends a straggler by the rules of resend', async () => {
    const { a, b, deposit, deposits, storedItems, whenStored } = bench;
    const same = openDepositStream(a, 'straggler');
    await same.send({ deposits: deposits(0, 10) });
    await whenStored('straggler', 10);
    await upload(b, 'straggler', { deposits: deposits(0, 30) });
    await same.send({ deposits: deposits(10, 20) });
    await same.send({ deposits: [deposit(20, { reference: 'other' }), ...deposits(21, 30)] });
    const receipt = await same.finish();
    expect(receipt).toMatchObject({ accepted: 10n, duplicate: 19n, rejected: 1n });
    expect(receipt.firstRejections).toMatchObject([
      { itemIndex: 20n, reason: 'OPERATION_ID_REUSED' },
    ]);
    expect(await storedItems('straggler')).toBe(30);
  });

  it('ends a straggler that has more', async () => {
    const { a, b, deposits, storedItems, whenStored } = bench;
    const more = openDepositStream(a, 'too-late');
    await more.send({ deposits: deposits(0, 10) });
    await whenStored('too-late', 10);
    await closeSubmission(b.context, {
      ...key('too-late'),
      endItemIndex: 10,
      traceparent: undefined,
      caller: ANYONE,
    });
    await more.send({ deposits: deposits(10, 11) });
    expect(await failureOf(more.ended)).toBe('9 SUBMISSION_CLOSED');
    expect(await storedItems('too-late')).toBe(10);
  });

  it('is answered alike again, and refused when another end is said', async () => {
    const { a, b, deposits } = bench;
    await upload(a, 'ended', { deposits: deposits(0, 5) });
    const closing = (endItemIndex: number | undefined) =>
      closeSubmission(b.context, {
        ...key('ended'),
        endItemIndex,
        traceparent: undefined,
        caller: ANYONE,
      });
    await closing(5);
    await closing(undefined);
    await expect(closing(4)).rejects.toMatchObject({ reason: 'SUBMISSION_CLOSED' });
  });

  it('waits for an append in flight and counts what it stored', async () => {
    const { a, b, deposits, submissionOf, waitsForLock, databases } = bench;
    await upload(a, 'counts', { deposits: deposits(0, 2), options: LEAVE_OPEN });
    const standing = await openClaim(a.context, key('counts'), 0, undefined);
    if (standing.kind !== 'open') throw new Error('not open');
    const append = await databases.eventStore.connect();
    await append.query('begin');
    await append.query('select 1 from submission_claims where claim_id = $1 for key share', [
      standing.claim.claimId,
    ]);
    const closing = closeSubmission(b.context, {
      ...key('counts'),
      endItemIndex: undefined,
      traceparent: undefined,
      caller: ANYONE,
    });
    await until('the closing waits for the append', () => waitsForLock('intake-b'));
    await append.query(
      `insert into submission_batches
       select tenant, submission_id, partition, seq + 1000, batch_id, 2, 2, 1, 0, 0,
              '{EUR}', '{1}', '\\x08', hashes
         from submission_batches where submission_id = 'counts' limit 1`,
    );
    await append.query('commit');
    append.release();
    await closing;
    expect(await submissionOf('counts')).toMatchObject({ state: 2, totalItems: 3n });
  });
});
