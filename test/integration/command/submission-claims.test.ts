/**
 * Claims on two replicas: takeovers, parts side by side, openings that wait or lose their answer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BulkServiceService as BULK } from '#proto/bank/v1/bulk_service.ts';
import { endClaim, openClaim } from '../../../command-svc/submission-claims.ts';
import {
  callUnary,
  failureOf,
  openDepositStream,
  openIntakeReplica,
} from '#test/support/intake-replica.ts';
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

describe('a claim', () => {
  it('is taken over by a newer stream, and the older one ends', async () => {
    const { a, b, deposits, claimsOf, claimIdOf, whenStored } = bench;
    const older = openDepositStream(a, 'taken');
    await older.send({ deposits: deposits(0, 10) });
    await whenStored('taken', 10);
    const olderClaim = await claimIdOf('taken');
    const newer = openDepositStream(b, 'taken');
    await newer.send({ deposits: deposits(0, 5) });
    await until('it is taken over', async () => (await claimIdOf('taken')) !== olderClaim);
    await older.send({ deposits: deposits(10, 20) });
    expect(await failureOf(older.ended)).toBe('10 SUBMISSION_TAKEN_OVER');
    await newer.send({ deposits: deposits(5, 20) });
    const receipt = await newer.finish();
    expect(receipt).toMatchObject({ duplicate: 10n, accepted: 10n });
    expect(await claimsOf('taken')).toBe(0);
  });

  it('is taken over on the same replica, items of both streams in one lane', async () => {
    const { a, deposits, submissionOf } = bench;
    const older = openDepositStream(a, 'same-lane');
    const newer = openDepositStream(a, 'same-lane');
    await Promise.all([
      older.send({ deposits: deposits(0, 4000) }),
      newer.send({ deposits: deposits(0, 4000) }),
    ]);
    const ends = await Promise.all(
      [older, newer].map(({ finish }) => failureOf(finish()).catch(() => 'it is stored')),
    );
    expect(ends).toContain('it is stored');
    expect(['it is stored', '10 SUBMISSION_TAKEN_OVER']).toEqual(expect.arrayContaining(ends));
    expect(await submissionOf('same-lane')).toMatchObject({ accepted: 4000n, totalItems: 4000n });
  });

  it('of another range is left alone', async () => {
    const { a, b, deposits, claimsOf, whenStored } = bench;
    const part = (from: number, end: number, more: object = {}) => ({
      deposits: deposits(from, end),
      firstItemIndex: BigInt(from),
      options: { ...LEAVE_OPEN, endItemIndex: BigInt(end), ...more },
    });
    const first = openDepositStream(a, 'parts');
    const second = openDepositStream(b, 'parts');
    await first.send({ ...part(0, 100), deposits: deposits(0, 50) });
    await second.send({ ...part(100, 200), deposits: deposits(100, 150) });
    await whenStored('parts', 100);
    expect(await claimsOf('parts')).toBe(2);
    const early = callUnary(a.bulk, BULK.closeSubmission, closing('parts'));
    expect(await failureOf(early)).toBe('9 SUBMISSION_INCOMPLETE');
    expect(await claimsOf('parts')).toBe(2);
    await first.send({ deposits: deposits(50, 100) });
    await second.send({ deposits: deposits(150, 200) });
    expect(await first.finish()).toMatchObject({ accepted: 100n });
    expect(await second.finish()).toMatchObject({ accepted: 100n, submission: { state: 1 } });
    const closed = await callUnary(b.bulk, BULK.closeSubmission, closing('parts', 200n));
    expect(closed.submission).toMatchObject({ state: 2, totalItems: 200n });
  });

  it('is not taken over by a stream whose first message is refused', async () => {
    const { a, b, deposits, claimIdOf, whenStored } = bench;
    const good = openDepositStream(a, 'kept');
    await good.send({ deposits: deposits(0, 5) });
    await whenStored('kept', 5);
    const claim = await claimIdOf('kept');
    const bad = { deposits: deposits(0, 2), options: { ...LEAVE_OPEN, endItemIndex: 1n } };
    expect(await failureOf(upload(b, 'kept', bad))).toMatch(/^3/);
    expect(await claimIdOf('kept')).toBe(claim);
    await good.send({ deposits: deposits(5, 8) });
    expect(await good.finish()).toMatchObject({ accepted: 8n });
  });

  it('waits for the append in flight on the older one, and sees what it stored', async () => {
    const { a, b, deposits, claimsOf, waitsForLock, databases } = bench;
    await upload(a, 'waits', { deposits: deposits(0, 2), options: LEAVE_OPEN });
    const standing = await openClaim(a.context, key('waits'), 0, undefined);
    if (standing.kind !== 'open') throw new Error('not open');
    const append = await databases.eventStore.connect();
    await append.query('begin');
    await append.query('select 1 from submission_claims where claim_id = $1 for key share', [
      standing.claim.claimId,
    ]);
    const opening = openClaim(b.context, key('waits'), 0, undefined);
    let opened = false;
    void opening.then(() => (opened = true));
    await until('the opening waits for the append', () => waitsForLock('intake-b'));
    await append.query(
      `insert into submission_batches
       select tenant, submission_id, partition, seq + 1000, batch_id, 2, 2, 1, 0, 0,
              '{EUR}', '{1}', '\\x08', hashes
         from submission_batches where submission_id = 'waits' limit 1`,
    );
    expect(opened).toBe(false);
    await append.query('commit');
    append.release();
    expect(await opening).toMatchObject({ kind: 'open', storedEnd: 3 });
    expect(await claimsOf('waits')).toBe(1);
  });

  it('of an opening that lost its connection is made anew, under another id', async () => {
    const { a, b, deposits, claimsOf, waitsForLock, databases } = bench;
    const held = await databases.eventStore.connect();
    await upload(a, 'cut', { deposits: deposits(0, 1), options: LEAVE_OPEN });
    await held.query('begin');
    await held.query(`select 1 from submissions where submission_id = 'cut' for no key update`);
    const opening = openClaim(b.context, key('cut'), 0, undefined);
    await until('the opening waits', () => waitsForLock('intake-b'));
    await held.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'intake-b' and wait_event_type = 'Lock'`,
    );
    await held.query('commit');
    held.release();
    const standing = await opening;
    expect(await claimsOf('cut')).toBe(1);
    if (standing.kind === 'open') await endClaim(b.context, standing.claim);
    expect(await claimsOf('cut')).toBe(0);
  });
});

describe('a draining replica', () => {
  it('ends its streams after what was taken is stored', async () => {
    const { deposits, claimsOf, storedItems, databases } = bench;
    const c = await openIntakeReplica(databases.eventStoreUrl('bank_command'), 'intake-c');
    const stream = openDepositStream(c, 'drained');
    await stream.send({ deposits: deposits(0, 2000) });
    await until('the stream has a claim', async () => (await claimsOf('drained')) === 1);
    await c.drain();
    expect(await failureOf(stream.ended)).toBe('14 SHUTTING_DOWN');
    const stored = await storedItems('drained');
    await sleep(50);
    expect(await storedItems('drained')).toBe(stored);
    expect(await claimsOf('drained')).toBe(0);
    await c.close();
  });
});
