/** BulkSubmit: results flow back while the caller sends, a caller that does not read is slowed. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UploadOptions } from '#proto/bank/v1/bulk_service.ts';
import { SubmissionState } from '#proto/bank/v1/submission.ts';
import { failureOf, openIntakeReplica } from '#test/support/intake-replica.ts';
import { depositing, opening, openSubmitStream, words } from '#test/support/operations.ts';
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

const url = () => bench.databases.eventStoreUrl('bank_command');
const VALIDATE_ONLY = UploadOptions.fromPartial({ validateOnly: true });

describe('a stream of mixed commands', () => {
  it('answers what is stored while the caller still sends, and the receipt last', async () => {
    const stream = openSubmitStream(bench.a, 'flows');
    const account = randomUUID();
    await stream.send({ operations: [opening(account), depositing(account, 3)] });
    await until('two results', () => stream.results.length === 2);
    await stream.send({ operations: [depositing(randomUUID(), 1), depositing(account, 4)] });
    await until('four results', () => stream.results.length === 4);
    expect(words(stream.results).toSorted()).toEqual([
      '0 v1=0',
      '1 v2=3',
      '2 ACCOUNT_NOT_FOUND',
      '3 v3=7',
    ]);
    stream.halfClose();
    expect(await stream.ended).toMatchObject({
      accepted: 3n,
      rejected: 1n,
      submission: { state: SubmissionState.SUBMISSION_STATE_CLOSED, totalItems: 4n },
    });
    expect(stream.messages.filter(({ receipt }) => receipt !== undefined)).toHaveLength(1);
    expect(await bench.claimsOf('flows')).toBe(0);
  });

  it('that is sent again answers the same results as duplicates', async () => {
    const account = randomUUID();
    const operations = [opening(account), depositing(account, 3), depositing(account, 0)];
    const first = openSubmitStream(bench.a, 'twice');
    await first.send({ operations });
    first.halfClose();
    await first.ended;
    const second = openSubmitStream(bench.b, 'twice');
    await second.send({ operations: operations.with(1, depositing(account, 4)) });
    second.halfClose();
    expect(await second.ended).toMatchObject({ duplicate: 2n, rejected: 1n, accepted: 0n });
    expect(words(second.results).toSorted()).toEqual([
      '0 v1=0 duplicate',
      '1 OPERATION_ID_REUSED',
      '2 INVALID_ITEM duplicate',
    ]);
  });

  it('that is cancelled keeps what was stored and gives its claim back', async () => {
    const stream = openSubmitStream(bench.a, 'cancelled');
    await stream.send({ operations: [opening(), opening()] });
    await until('two results', () => stream.results.length === 2);
    stream.cancel();
    expect(await failureOf(stream.ended)).toBe('1');
    await until('no claim', async () => (await bench.claimsOf('cancelled')) === 0);
    expect((await bench.submissionOf('cancelled')).nextItemIndex).toBe(2n);
  });

  it('that is taken over ends, and is left open by leave_open', async () => {
    const first = openSubmitStream(bench.a, 'contested');
    await first.send({ operations: [opening()], options: LEAVE_OPEN });
    await until('a result', () => first.results.length === 1);
    const second = openSubmitStream(bench.b, 'contested');
    await second.send({ operations: [opening()], firstItemIndex: 1n, options: LEAVE_OPEN });
    await until('its result', () => second.results.length === 1);
    await first.send({ operations: [opening()] });
    expect(await failureOf(first.ended)).toBe('10 SUBMISSION_TAKEN_OVER');
    second.halfClose();
    expect((await second.ended).submission?.state).toBe(SubmissionState.SUBMISSION_STATE_OPEN);
  });

  it('ends when the replica drains, and when the caller is idle', async () => {
    const replica = await openIntakeReplica(url(), 'drains', { streamIdleMs: 300 });
    try {
      const idle = openSubmitStream(replica, 'idle');
      await idle.send({ operations: [opening()] });
      expect(await failureOf(idle.ended)).toBe('4 STREAM_IDLE');
      const drained = openSubmitStream(replica, 'drained');
      await drained.send({ operations: [opening()] });
      await until('a result', () => drained.results.length === 1);
      const draining = replica.drain();
      expect(await failureOf(drained.ended)).toBe('14 SHUTTING_DOWN');
      await draining;
    } finally {
      await replica.close();
    }
  });
});

describe('a caller that does not read its results', () => {
  const MESSAGE = 1_000;
  const operations = () => Array.from({ length: MESSAGE }, () => depositing(randomUUID(), 0));

  it('is read no further than its results may wait, and goes on when it reads', async () => {
    const replica = await openIntakeReplica(url(), 'unread', { streamResultsMax: 2_000 });
    try {
      const stream = openSubmitStream(replica, 'unread');
      stream.pause();
      const messages = 40;
      const sending = (async () => {
        for (let n = 0; n < messages; n++) await stream.send({ operations: operations() });
        stream.halfClose();
      })();
      const stored = () => bench.storedItems('unread').catch(() => 0);
      let before = -1;
      await until('the intake stands still', async () => {
        const now = await stored();
        const still = now > 0 && now === before;
        before = now;
        return still && (await pausedFor(200)) && (await stored()) === now;
      });
      // What the transport holds is beyond it, and is bounded by itself.
      expect(before).toBeLessThan(messages * MESSAGE);
      stream.resume();
      await sending;
      expect(await stream.ended).toMatchObject({ received: BigInt(messages * MESSAGE) });
      expect(stream.results).toHaveLength(messages * MESSAGE);
      const indexes = new Set(stream.results.map(({ itemIndex }) => itemIndex));
      expect(indexes.size).toBe(messages * MESSAGE);
    } finally {
      await replica.close();
    }
  });

  it('at all is ended', async () => {
    const replica = await openIntakeReplica(url(), 'never-reads', {
      streamResultsMax: 500,
      streamIdleMs: 1_000,
    });
    try {
      const stream = openSubmitStream(replica, 'never-reads');
      stream.pause();
      void (async () => {
        for (let n = 0; n < 100; n++) await stream.send({ operations: operations() });
      })();
      await until('its claim', async () => (await bench.claimsOf('never-reads')) === 1);
      await until('the end', async () => (await bench.claimsOf('never-reads')) === 0);
      stream.resume();
      expect(await failureOf(stream.ended)).toBe('4 STREAM_IDLE');
    } finally {
      await replica.close();
    }
  });
});

describe('validate_only', () => {
  it('answers what would be stored and stores nothing', async () => {
    const [one, known] = [randomUUID(), randomUUID()];
    const before = openSubmitStream(bench.a, 'known');
    await before.send({ operations: [opening(known), depositing(known, 8)] });
    before.halfClose();
    await before.ended;
    const positions = () => bench.count('select sum(seq)::bigint as n from partition_heads');
    const heads = await positions();
    const stream = openSubmitStream(bench.b, 'tried');
    await stream.send({
      operations: [opening(one), depositing(one, 5), depositing(known, 2), depositing(one, 0)],
      options: VALIDATE_ONLY,
    });
    await stream.send({ operations: [depositing(one, 1), depositing(known, 1)] });
    stream.halfClose();
    const receipt = await stream.ended;
    expect(receipt).toMatchObject({ received: 6n, accepted: 4n, rejected: 2n });
    expect(receipt.submission).toBeUndefined();
    expect(words(stream.results)).toEqual([
      '0 v1=0',
      '1 v2=5',
      '2 v3=10',
      '3 INVALID_ITEM',
      '4 ACCOUNT_NOT_FOUND',
      '5 v3=9',
    ]);
    const [first] = stream.results;
    expect(first?.outcome?.$case === 'receipt' && first.outcome.value.storedAt).toBeUndefined();
    expect(await positions()).toBe(heads);
    const sql = "select count(*) as n from submissions where submission_id = 'tried'";
    expect(await bench.count(sql)).toBe(0);
  });
});

async function pausedFor(ms: number): Promise<true> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return true;
}
