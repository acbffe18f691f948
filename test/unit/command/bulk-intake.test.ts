/**
 * A stream's intake: numbers, back-pressure, counts. What is stored, and by whom, is for the
 * integration tests.
 */
import { describe, expect, it } from 'vitest';
import { ACCEPTED, intakeBench, queued } from '#test/support/memory-intake.ts';

describe('a stream', () => {
  it('numbers its items over its messages and answers when all are stored', async () => {
    const one = intakeBench();
    one.send(3);
    one.send(2);
    one.call.end();
    await queued(one, 5);
    const indexes = one.batcher.queued.map(({ itemIndex }) => itemIndex);
    expect(indexes).toEqual([0, 1, 2, 3, 4]);
    one.batcher.settleAll(ACCEPTED);
    const receipt = await one.answer;
    expect(receipt).toMatchObject({ received: 5n, accepted: 5n, rejected: 0n, duplicate: 0n });
    expect(one.store.claims).toBe(0);
  });

  it('pauses when its lane is full and reads no further', async () => {
    const one = intakeBench({ limit: 2 });
    for (let i = 0; i < 20; i++) one.send(1);
    await queued(one, 2);
    expect(one.call.writableLength + one.call.readableLength).toBeGreaterThan(10);
    one.call.end();
    while (one.batcher.taken < 20) {
      one.batcher.settleAll(ACCEPTED);
      await new Promise((resolve) => setImmediate(resolve));
    }
    one.batcher.settleAll(ACCEPTED);
    expect((await one.answer).received).toBe(20n);
  });

  it('stores a malformed item as refused and goes on', async () => {
    const one = intakeBench();
    const deposits = [
      { accountId: 'x\0y'.repeat(40), operationId: '', reference: '', valueDate: '' },
    ];
    one.send(0, { deposits: deposits.map((item) => ({ ...item, amount: undefined })) });
    one.send(1);
    one.call.end();
    await queued(one, 2);
    const [bad] = one.batcher.queued;
    expect(bad?.command).toBeUndefined();
    expect(bad?.invalid).toMatchObject({ reason: 'INVALID_ITEM', field: 'account_id' });
    expect(bad?.written?.accountText).toHaveLength(64);
    expect(bad?.written?.accountText).not.toContain('\0');
    one.batcher.settleAll(ACCEPTED);
    await one.answer;
  });

  it('keeps the refused items with the lowest indexes, however their outcomes come', async () => {
    const one = intakeBench({ limit: 500 });
    one.send(300);
    one.call.end();
    await queued(one, 300);
    one.batcher.queued.reverse();
    const rejection = { reason: 'ACCOUNT_NOT_FOUND', message: 'm', field: '' } as const;
    one.batcher.settleAll({ kind: 'rejected', rejection });
    const { firstRejections, rejected } = await one.answer;
    expect(rejected).toBe(300n);
    expect(firstRejections.map(({ itemIndex }) => Number(itemIndex))).toEqual([
      ...Array(100).keys(),
    ]);
  });
});
