/**
 * Commands of two accounts through gRPC on a real event store: both legs or neither, alone, in
 * batches and in streams, of one partition and of two.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import {
  accountAfter,
  EUR,
  findOperation,
  on,
  request,
  send,
} from '#test/support/command-calls.ts';
import { failureOf } from '#test/support/intake-replica.ts';
import { openSubmitStream, submitBatch, words } from '#test/support/operations.ts';
import { openSubmissionBench, type SubmissionBench } from '#test/support/submission-bench.ts';
import { crossing, operation, pairOfAccounts, transfer, undoing } from '#test/support/transfers.ts';

let bench: SubmissionBench;
beforeAll(async () => {
  bench = await openSubmissionBench();
});
afterAll(() => bench.close());

const balanceOf = async (accountId: string): Promise<bigint | undefined> => {
  const trial = on(accountId, { $case: 'deposit', amount: EUR(1n), validateOnly: true });
  const balance = (await send(bench.b, trial)).receipt?.balance?.minorUnits;
  return balance === undefined ? undefined : balance - 1n;
};

async function newestRows(count: number): Promise<EventBatch[]> {
  const { rows } = await bench.databases.eventStore.query<{ payload: Buffer }>(
    'select payload from outbox order by stored_at desc, partition limit $1',
    [count],
  );
  return rows.map(({ payload }) => EventBatch.decode(payload));
}

describe.each(['one partition', 'two partitions'] as const)('a transfer within %s', (where) => {
  it('stores both legs, which name each other, and answers both', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const operationId = randomUUID();
    const command = transfer(from, to, 30n, { operationId });
    const answer = await send(bench.a, command);
    expect(answer.receipt).toMatchObject({ accountId: from, version: 3n, balance: EUR(970n) });
    expect(answer.destinationReceipt).toMatchObject({
      accountId: to,
      version: 3n,
      operationId,
      balance: EUR(1_030n),
    });
    const rows = await newestRows(where === 'one partition' ? 1 : 2);
    const legs = rows.flatMap(({ events }) => events.map(({ event }) => event?.body));
    const there = { amountMinor: 30n, counterpartVersion: 3n };
    expect(legs).toHaveLength(2);
    expect(legs.find((leg) => leg?.$case === 'transferSent')?.value).toMatchObject(there);
    const received = legs.find((leg) => leg?.$case === 'transferReceived')?.value;
    expect(received).toMatchObject(there);
    if (received === undefined) throw new Error('nothing was received');
    expect(uuidFromBytes(received.counterpartAccountId)).toBe(from);
    expect(uuidFromBytes(received.operationId)).toBe(operationId);

    const again = await send(bench.b, command);
    expect(again.receipt).toMatchObject({ version: 3n, replayed: true });
    expect(again.destinationReceipt).toMatchObject({
      ...answer.destinationReceipt,
      replayed: true,
    });
    const found = await findOperation(bench.b, from, operationId);
    expect(found.counterpartReceipt).toMatchObject({ accountId: to, version: 3n });
  });

  it('that is refused changes neither account', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const dollars = randomUUID();
    await send(bench.a, request('openAccount', { accountId: dollars, currencyCode: 'USD' }));
    expect(await failureOf(send(bench.a, transfer(from, to, 1_001n)))).toBe('9 INSUFFICIENT_FUNDS');
    expect(await failureOf(send(bench.a, transfer(from, from, 1n)))).toBe(
      '3 destination_account_id',
    );
    expect(await failureOf(send(bench.a, transfer(from, dollars, 1n)))).toBe('9 CURRENCY_MISMATCH');
    expect(await failureOf(send(bench.a, transfer(from, randomUUID(), 1n)))).toBe(
      '5 ACCOUNT_NOT_FOUND',
    );
    await send(bench.b, on(to, { $case: 'freezeAccount', credits: true, reason: 'r' }));
    expect(await failureOf(send(bench.a, transfer(from, to, 1n)))).toBe('9 ACCOUNT_FROZEN');
    expect(await balanceOf(from)).toBe(1_000n);
  });

  it('is undone once, from its source', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const operationId = randomUUID();
    await send(bench.a, transfer(from, to, 30n, { operationId }));
    expect(await failureOf(send(bench.b, undoing(to, operationId)))).toBe('5 OPERATION_NOT_FOUND');
    const undone = await send(bench.b, undoing(from, operationId));
    expect(undone.receipt).toMatchObject({ accountId: from, version: 4n, balance: EUR(1_000n) });
    expect(undone.counterpartReceipt).toMatchObject({ accountId: to, balance: EUR(1_000n) });
    expect(await failureOf(send(bench.a, undoing(from, operationId)))).toBe('9 ALREADY_REVERSED');
  });

  it('that its target has spent is not undone', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const operationId = randomUUID();
    await send(bench.a, transfer(from, to, 30n, { operationId }));
    await send(bench.a, on(to, { $case: 'withdraw', amount: EUR(1_001n) }));
    expect(await failureOf(send(bench.a, undoing(from, operationId)))).toBe('9 INSUFFICIENT_FUNDS');
  });

  it('sweeps an account that closes', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const close = on(from, { $case: 'closeAccount', sweepTo: to, operationId: randomUUID() });
    const closed = await send(bench.a, close);
    expect(closed.receipt).toMatchObject({ version: 4n, balance: EUR(0n) });
    expect(closed.sweepReceipt).toMatchObject({ accountId: to, balance: EUR(2_000n) });
    const again = await send(bench.b, close);
    expect(again.sweepReceipt).toEqual({
      ...closed.sweepReceipt,
      replayed: true,
      storedAt: again.receipt?.storedAt,
    });
    expect(await failureOf(send(bench.a, transfer(to, from, 1n)))).toBe('9 ACCOUNT_CLOSED');
  });

  it('with validate_only answers as usual and stores nothing', async () => {
    const [from, to] = await pairOfAccounts(bench.a, where);
    const trial = await send(bench.a, transfer(from, to, 1n, { validateOnly: true }));
    expect(trial.destinationReceipt).toMatchObject({ balance: EUR(1_001n), storedAt: undefined });
    expect(await balanceOf(to)).toBe(1_000n);
  });
});

describe('transfers in bulk', () => {
  const { BATCH_MODE_ATOMIC, BATCH_MODE_PER_ITEM } = BatchMode;

  it.each([BATCH_MODE_ATOMIC, BATCH_MODE_PER_ITEM])(
    'are decided in the order of items among others, in mode %i',
    async (mode) => {
      const [from, to] = await pairOfAccounts(bench.a);
      const operationId = randomUUID();
      const commands = [
        on(to, { $case: 'withdraw', amount: EUR(1_000n) }),
        transfer(from, to, 1_000n, { operationId }),
        on(from, { $case: 'deposit', amount: EUR(5n) }),
        undoing(from, operationId),
        on(to, { $case: 'deposit', amount: EUR(7n) }),
        transfer(to, from, 7n),
      ];
      const { results } = await submitBatch(bench.a, randomUUID(), commands.map(operation), mode);
      expect(words(results)).toEqual([
        '0 v3=0',
        '1 v3=0',
        '2 v4=5',
        '3 v5=1005',
        '4 v6=7',
        '5 v7=0',
      ]);
      expect(await Promise.all([from, to].map(balanceOf))).toEqual([1_012n, 0n]);
    },
  );

  it('of one stream are stored in few transactions', async () => {
    const accounts = await Promise.all(
      Array.from({ length: 40 }, () =>
        accountAfter(bench.a, { $case: 'deposit', amount: EUR(10_000n) }),
      ),
    );
    const appends = () => bench.count('select count(distinct batch_id) as n from outbox');
    const before = await appends();
    const stream = openSubmitStream(bench.a, randomUUID());
    for (let n = 0; n < 4; n++) await stream.send({ operations: crossing(accounts, 1_000) });
    stream.halfClose();
    expect(await stream.ended).toMatchObject({ accepted: 4_000n, rejected: 0n });
    expect(stream.results).toHaveLength(4_000);
    expect((await appends()) - before).toBeLessThan(12);
    const balances = await Promise.all(accounts.map(balanceOf));
    expect(balances.reduce<bigint>((sum, one) => sum + (one ?? 0n), 0n)).toBe(400_000n);
  });
});
